package hashes

import (
	"crypto/pbkdf2"
	"crypto/sha512"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/go-crypt/x/yescrypt"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// A login's hash is one that a profile takes and that the password verifies against, with a salt of its own each time.
func TestLogin(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		const password = "correct horse: ä€"
		hash, err := Login(password)
		if err != nil || seen[hash] {
			t.Fatalf("%q, %v", hash, err)
		}
		seen[hash] = true
		var taken spec.PasswordHash
		if err := taken.UnmarshalText([]byte(hash)); err != nil {
			t.Errorf("a profile refuses %q: %v", hash, err)
		}
		if again, err := yescrypt.Hash([]byte(password), []byte(hash)); err != nil || string(again) != hash {
			t.Errorf("%q is hashed to %q, %v", hash, again, err)
		}
		if other, err := yescrypt.Hash([]byte(password+"x"), []byte(hash)); err != nil || string(other) == hash {
			t.Errorf("another password has the hash %q, %v", hash, err)
		}
	}
}

// MS-NLMP, section 4.2.2.1.2, and what "openssl md4 -provider legacy" makes of letters beyond ASCII.
func TestSMB(t *testing.T) {
	for password, want := range map[string]string{
		"Password": "A4F49C406510BDCAB6824EE7C30FD852",
		"password": "8846F7EAEE8FB117AD06BDD830B7586C",
		"":         "31D6CFE0D16AE931B73C59D7E0C089C0",
	} {
		hash, err := SMB(password)
		var taken spec.NTHash
		if err != nil || hash != want || taken.UnmarshalText([]byte(hash)) != nil || string(taken) != hash {
			t.Errorf("%q has %s, %v; want %s", password, hash, err, want)
		}
	}
	if _, err := SMB("\xff"); err == nil {
		t.Error("what is no text has a hash")
	}
}

func TestGRUB(t *testing.T) {
	hash, err := GRUB("sesame")
	var taken spec.GRUBHash
	if err != nil || taken.UnmarshalText([]byte(hash)) != nil {
		t.Fatalf("%q: %v", hash, err)
	}
	parts := strings.Split(hash, ".")
	salt, err := hex.DecodeString(parts[4])
	if err != nil {
		t.Fatal(err)
	}
	key, err := pbkdf2.Key(sha512.New, "sesame", salt, 10000, 64)
	if err != nil || strings.ToUpper(hex.EncodeToString(key)) != parts[5] {
		t.Errorf("%q, %v", hash, err)
	}
}
