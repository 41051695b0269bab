package sshkey

import (
	"crypto/ecdh"
	"encoding/binary"
	"fmt"
	"math/big"
)

// wire is a key as it goes over the network (RFC 4253, section 6.6), as far as it has not been read.
type wire []byte

// field takes a string of RFC 4251, section 5; nil where there is none.
func (w *wire) field() []byte {
	b := *w
	if len(b) < 4 {
		return nil
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil
	}
	*w = b[4+n:]
	return b[4 : 4+n]
}

func (w *wire) text() string { return string(w.field()) }

// parser gives what parses what follows the format's name in a key, and says what is wrong with it; "" for nothing. They are those
// of x/crypto/ssh's PublicKeyAuths.
//
// A function, and not a table: the linker leaves it out of an init that only plans.
func parser(format string) (parse func(*wire) string, known bool) {
	switch format {
	case "ssh-ed25519":
		return ed25519, true // RFC 8709, section 4
	case "ssh-rsa":
		return rsa, true
	// RFC 5656, section 3.1.
	case "ecdsa-sha2-nistp256":
		return func(w *wire) string { return point(w, "nistp256", ecdh.P256()) }, true
	case "ecdsa-sha2-nistp384":
		return func(w *wire) string { return point(w, "nistp384", ecdh.P384()) }, true
	case "ecdsa-sha2-nistp521":
		return func(w *wire) string { return point(w, "nistp521", ecdh.P521()) }, true
	// OpenSSH's PROTOCOL.u2f: an application's name follows.
	case "sk-ssh-ed25519@openssh.com":
		return func(w *wire) string { return of(w, ed25519(w)) }, true
	case "sk-ecdsa-sha2-nistp256@openssh.com":
		return func(w *wire) string { return of(w, point(w, "nistp256", ecdh.P256())) }, true
	}
	return nil, false
}

func ed25519(w *wire) string {
	if len(w.field()) != 32 {
		return "it has not 32 octets"
	}
	return ""
}

func point(w *wire, curve string, on ecdh.Curve) string {
	if w.text() != curve {
		return "it is of another curve"
	}
	if _, err := on.NewPublicKey(w.field()); err != nil {
		return "it is no point of its curve"
	}
	return ""
}

// of reads a security key's application after its key.
func of(w *wire, why string) string {
	if why == "" && w.field() == nil {
		return "its application is missing"
	}
	return why
}

// minRSA is the shortest RSA key in bits that the server takes (NIST SP 800-131A), maxRSA the longest that x/crypto does.
const (
	minRSA = 2048
	maxRSA = 16384
)

func rsa(w *wire) string {
	e, n := w.field(), w.field()
	exponent, modulus := new(big.Int).SetBytes(e), new(big.Int).SetBytes(n)
	switch {
	case len(e) == 0 || len(n) == 0 || e[0]&0x80 != 0 || n[0]&0x80 != 0:
		return "its numbers are missing or negative"
	case exponent.BitLen() > 24 || exponent.Int64() < 3 || exponent.Bit(0) == 0:
		return "its exponent is none"
	case modulus.BitLen() < minRSA || modulus.BitLen() > maxRSA || modulus.Bit(0) == 0:
		return fmt.Sprintf("an RSA key of %d bits", modulus.BitLen())
	}
	return ""
}
