package tree

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"regexp"
)

var (
	// pemKey is a private key as PEM (RFC 7468, section 10 and 11; OpenSSH's PROTOCOL.key; RFC 4716; RFC 9580 armour), with some of
	// what follows the first line: programs that read keys hold the line alone.
	pemKey = regexp.MustCompile(`-----? ?BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)? ?-----?\s*\n(?:[A-Za-z0-9-]+: .*\n)*\s*[A-Za-z0-9+/=]{16}`)
	// tunnelKey is a key in a configuration of wg-quick(8).
	tunnelKey = regexp.MustCompile(`(?mi)^\s*(?:PrivateKey|PresharedKey)\s*=\s*[A-Za-z0-9+/]{43}=`)
	// ntHash is a row of smbpasswd(5).
	ntHash = regexp.MustCompile(`(?m)^[^:\n]+:[0-9]+:[0-9A-FX]{32}:[0-9A-F]{32}:\[`)
)

// secretIn says what secret a file's content looks like; "" for none. Of long files the beginning is enough.
func secretIn(b []byte) string {
	has := func(text string) bool { return bytes.Contains(b, []byte(text)) }
	switch {
	case has("PRIVATE KEY") && pemKey.Match(b), bytes.HasPrefix(b, []byte("PuTTY-User-Key-File-")), holdsKey(b), isDER(b):
		return "a private key"
	case isPKCS12(b):
		return "a bundle of keys or certificates (PKCS #12)"
	case has("AGE-SECRET-KEY-1"):
		return "a key of age"
	case tunnelKey.Match(b):
		return "a key of WireGuard"
	case isKey32(b):
		return "a key of 32 octets in base64, as WireGuard's are"
	case isHash(b), has("XXXXXXXX:") && ntHash.Match(b):
		return "a password hash"
	}
	return ""
}

// isKey32 says whether a file is a key as "wg genkey" writes it: 32 octets in base64. "wg pubkey" writes the same, and
// only a person knows which it is.
func isKey32(b []byte) bool {
	b = bytes.TrimSpace(b)
	if len(b) != 44 {
		return false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(string(b))
	return err == nil && len(raw) == 32
}

// isDER says whether a file is a private key in DER.
func isDER(b []byte) bool {
	if len(b) < 8 || len(b) > 64<<10 || b[0] != 0x30 {
		return false
	}
	_, pkcs8 := x509.ParsePKCS8PrivateKey(b)
	_, pkcs1 := x509.ParsePKCS1PrivateKey(b)
	_, ec := x509.ParseECPrivateKey(b)
	return pkcs8 == nil || pkcs1 == nil || ec == nil
}

// isPKCS12 says whether a file is a sequence that begins with the number 3 (RFC 7292, section 4). What is in it is as a rule
// encrypted, so that it may be certificates alone.
func isPKCS12(b []byte) bool {
	return len(b) >= 8 && b[0] == 0x30 && bytes.HasPrefix(b[1:], []byte{0x82}) && bytes.HasPrefix(b[4:], []byte{0x02, 0x01, 0x03, 0x30})
}
