// Package hashes makes the hashes of passwords that a profile takes.
package hashes

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-crypt/x/yescrypt"
	//lint:ignore SA1019 SMB keeps passwords as MD4, whatever it is worth (MS-NLMP, section 3.3.1)
	"golang.org/x/crypto/md4"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// alphabet is that of crypt(5), in the order of the values.
const alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// saltLetters is how many of them hold 16 octets: six bits each, and two in the last.
const saltLetters = 22

// Login is the hash for a login: yescrypt with the parameters of Debian's passwd (j9T: 16 MiB of memory).
func Login(password string) (string, error) {
	var raw [saltLetters]byte
	rand.Read(raw[:]) // never fails, as its documentation says
	salt := make([]byte, saltLetters)
	for i, b := range raw {
		salt[i] = alphabet[b%64]
	}
	salt[saltLetters-1] = alphabet[raw[saltLetters-1]%4]
	hash, err := yescrypt.Hash([]byte(password), []byte("$y$j9T$"+string(salt)))
	if err != nil {
		return "", fmt.Errorf("hashing a password: %w", err)
	}
	var taken spec.PasswordHash
	return string(hash), taken.UnmarshalText(hash)
}

// SMB is the hash for shares by SMB: MD4 of the password in UTF-16LE (MS-NLMP, section 3.3.1, NTOWFv1). It has no salt, and who has
// it needs no password.
func SMB(password string) (string, error) {
	if !utf8.ValidString(password) {
		return "", errors.New("hashing a password for SMB: it is not UTF-8, and what its letters are is not known")
	}
	var text []byte
	for _, unit := range utf16.Encode([]rune(password)) {
		text = binary.LittleEndian.AppendUint16(text, unit)
	}
	h := md4.New()
	h.Write(text)
	return strings.ToUpper(hex.EncodeToString(h.Sum(nil))), nil
}

// iterations, and the octets of salt and hash, are those of grub-mkpasswd-pbkdf2.
const iterations, octets = 10_000, 64

// GRUB is the hash for GRUB's password_pbkdf2.
func GRUB(password string) (string, error) {
	salt := make([]byte, octets)
	rand.Read(salt)
	key, err := pbkdf2.Key(sha512.New, password, salt, iterations, octets)
	if err != nil {
		return "", fmt.Errorf("hashing a password for GRUB: %w", err)
	}
	return fmt.Sprintf("grub.pbkdf2.sha512.%d.%X.%X", iterations, salt, key), nil
}
