package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/sshkey"
)

// admits says whether the server lets in whoever has the private key that belongs to a line.
func admits(line string) bool {
	key, _, _, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil || len(rest) > 0 {
		return false
	}
	if k, ok := key.(ssh.CryptoPublicKey); ok {
		if r, ok := k.CryptoPublicKey().(*rsa.PublicKey); ok {
			_, err = findKey([]byte(line), key, netip.MustParseAddr("192.0.2.7"))
			return err == nil && r.N.BitLen() >= minRSA
		}
	}
	// Certificates go by the algorithm of the key in them, and are looked up as they are: none is in the file.
	_, err = findKey([]byte(line), key, netip.MustParseAddr("192.0.2.7"))
	return err == nil && slices.Contains(ssh.SupportedAlgorithms().PublicKeyAuths, key.Type())
}

func lineOf(t testing.TB, public crypto.PublicKey) string {
	t.Helper()
	k, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k)))
}

// What a profile accepts as a key, the server takes; what the server does not take, a profile refuses.
func TestProfilesKnowWhatTheServerTakes(t *testing.T) {
	_, ed := testKey(t, 'a')
	signer, err := ssh.NewSignerFromKey(rsaKey(t, 2048))
	if err != nil {
		t.Fatal(err)
	}
	edKey, _ := testKey(t, 'a')
	cert := &ssh.Certificate{Key: edKey, CertType: ssh.UserCert, ValidPrincipals: []string{"me"}, ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, signer); err != nil {
		t.Fatal(err)
	}
	sk := func(format string, fields ...string) string {
		blob := ssh.Marshal(struct{ Format string }{format})
		for _, f := range fields {
			blob = append(blob, ssh.Marshal(struct{ F string }{f})...)
		}
		return format + " " + base64.StdEncoding.EncodeToString(blob)
	}
	p256 := func(k *ecdsa.PublicKey) string {
		b, err := k.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	one := ecdsaKey(t, elliptic.P256())
	off := []byte(p256(&one.PublicKey))
	off[len(off)-1] ^= 1
	lines := map[string]bool{
		ed: true, ed + " me@there": true, "  " + ed: true, "\t" + ed + "\t": true,
		lineOf(t, &one.PublicKey): true, lineOf(t, &ecdsaKey(t, elliptic.P384()).PublicKey): true, lineOf(t, &ecdsaKey(t, elliptic.P521()).PublicKey): true,
		lineOf(t, &rsaKey(t, 2048).PublicKey): true, lineOf(t, &rsaKey(t, 1024).PublicKey): false,
		sk("sk-ssh-ed25519@openssh.com", strings.Repeat("k", 32), "ssh:"):                  true,
		sk("sk-ssh-ed25519@openssh.com", strings.Repeat("k", 32)):                          false,
		sk("sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", p256(&one.PublicKey), "ssh:"): true,
		sk("sk-ecdsa-sha2-nistp256@openssh.com", "nistp384", p256(&one.PublicKey), "ssh:"): false,
		sk("ecdsa-sha2-nistp256", "nistp256", string(off)):                                 false,
		sk("ssh-ed25519", strings.Repeat("k", 31)):                                         false,
		sk("ssh-ed25519", strings.Repeat("k", 32), "more"):                                 false,
		sk("ssh-rsa", "\x01\x00\x01", "\x00"+strings.Repeat("\xff", 256)):                  true,
		sk("ssh-rsa", "\x02", "\x00"+strings.Repeat("\xff", 256)):                          false,
		sk("ssh-rsa", "\x01\x00\x01"):                                                      false,
		sk("ssh-ed448", strings.Repeat("k", 57)):                                           false,
		strings.TrimSpace(string(ssh.MarshalAuthorizedKey(cert))):                          false,
		dsaLine():            false,
		"restrict,pty " + ed: true, `command="echo \"a b\", c" ` + ed: true, `from="192.0.2.0/24" ` + ed: true, `FROM="*" ` + ed: true,
		`from="*.example.net" ` + ed: false, "verify-required " + ed: false, "cert-authority " + ed: false, `command=date ` + ed: false,
		`command="x ` + ed: false, `environment="A=b" ` + ed: false,
		"": false, "#" + ed: false, "ssh-ed25519": false, ed[:40]: false, ed[:len(ed)-1]: false, "ssh-ed25519 AAAA": false, "AAAA": false,
		strings.Fields(ed)[1]: false, "-----BEGIN OPENSSH PRIVATE KEY-----": false, "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ me": false,
	}
	for line, want := range lines {
		err := sshkey.Check(line)
		if (err == nil) != want || admits(line) != want {
			t.Errorf("%q: a profile says %v, the server %v, want %v", line, err, admits(line), want)
		}
		// A key is not shown, and least of all one that may be private.
		if err != nil && len(line) > 30 && strings.Contains(err.Error(), line[len(line)-20:]) {
			t.Errorf("%q: %v", line, err)
		}
	}
	// The server's library passes over the first word of a line, whatever it is: the command would not bind anybody.
	for _, lax := range []string{ed + "\n" + ed, ed + "\n", "\n" + ed, ed + "\x00", `command="x"` + ed, "ssh-rsa" + ed[len("ssh-ed25519"):]} {
		if sshkey.Check(lax) == nil {
			t.Errorf("%q is taken", lax)
		}
	}
}

func FuzzProfilesKnowWhatTheServerTakes(f *testing.F) {
	_, ed := testKey(f, 'a')
	f.Add(ed)
	f.Add(`command="x",from="192.0.2.7",no-pty ` + ed)
	f.Fuzz(func(t *testing.T, line string) {
		if err := sshkey.Check(line); err == nil && !admits(strings.ReplaceAll(line, `from="`, `from="*,`)) {
			t.Errorf("%q is taken for a key", line)
		}
	})
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func ecdsaKey(t testing.TB, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// dsaLine is a key of DSA by its form alone (RFC 4253, section 6.6).
func dsaLine() string {
	n := func(bits uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), bits-1) }
	return "ssh-dss " + base64.StdEncoding.EncodeToString(ssh.Marshal(struct {
		Name       string
		P, Q, G, Y *big.Int
	}{"ssh-dss", n(1024), n(160), n(1000), n(999)}))
}
