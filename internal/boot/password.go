package boot

import (
	"crypto/rand"
	"fmt"

	"github.com/go-crypt/crypt/algorithm/shacrypt"
)

// alphabet leaves out what is mistaken for something else: 0 o, 1 l i.
const alphabet = "abcdefghjkmnpqrstuvwxyz23456789"

// rounds is crypt(5)'s default. The password is random, good for one boot and as
// long as a key, so more rounds would only slow down an emulated guest.
const rounds = 5000

// OneTimePassword returns a password for one boot, such as k3vq-7hnx-pw2d (59
// bits), and its hash as crypt(5) writes it ($6$, sha512crypt).
func OneTimePassword() (plain, hash string, err error) {
	const groups, letters = 3, 4
	var b [groups * (letters + 1)]byte
	for i := range b {
		if i%(letters+1) == letters {
			b[i] = '-'
		} else {
			b[i] = letter()
		}
	}
	plain = string(b[:len(b)-1])
	hasher, err := shacrypt.New(shacrypt.WithSHA512(), shacrypt.WithRounds(rounds))
	if err != nil {
		return "", "", fmt.Errorf("making a password: %w", err)
	}
	digest, err := hasher.Hash(plain)
	if err != nil {
		return "", "", fmt.Errorf("making a password: %w", err)
	}
	return plain, digest.Encode(), nil
}

// letter draws one letter, each as likely as any other.
func letter() byte {
	for {
		var b [1]byte
		rand.Read(b[:]) // never fails, as its documentation says
		if n := int(b[0]); n < 256/len(alphabet)*len(alphabet) {
			return alphabet[n%len(alphabet)]
		}
	}
}
