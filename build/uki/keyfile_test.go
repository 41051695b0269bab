package uki_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/uki"
)

func TestKeyFiles(t *testing.T) {
	key, cert, err := uki.GenKey("box", 2048, time.Unix(1700000000, 0), 1)
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := uki.GenKey("other", 2048, time.Unix(1700000000, 0), 1)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	old := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	both := append(uki.EncodeCertificate(cert), uki.EncodeKey(key)...)
	for name, text := range map[string][]byte{"pkcs8": uki.EncodeKey(key), "pkcs1": old, "both": both} {
		if got, err := uki.ReadKey(file(name, text)); err != nil || !got.Equal(key) {
			t.Errorf("%s: another key, or %v", name, err)
		}
	}
	if got, err := uki.ReadCertificate(file("cert", both)); err != nil || !got.Equal(cert) {
		t.Errorf("another certificate, or %v", err)
	}
	if uki.CheckPair(key, cert) != nil || uki.CheckPair(other, cert) == nil {
		t.Error("key and certificate are matched wrongly")
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	for want, text := range map[string][]byte{
		"accepted: RSA":         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		"holds no PRIVATE KEY":  uki.EncodeCertificate(cert),
		"without a passphrase":  pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der}),
		"reading the key":       pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
		"holds no PRIVATE KEY;": nil,
	} {
		if _, err := uki.ReadKey(file("bad", text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want …%s…", err, want)
		}
	}
	if _, err := uki.ReadCertificate(file("bad", uki.EncodeKey(key))); err == nil || !strings.Contains(err.Error(), "holds no CERTIFICATE") {
		t.Errorf("got %v", err)
	}
}
