package uki_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/build/uki/ukitest"
	"github.com/imgbuild/imgbuild/internal/needed"
)

func keyPair(t testing.TB) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, cert, err := uki.GenKey("a test's key", 2048, time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), 30)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}

func sign(t *testing.T, image []byte, key *rsa.PrivateKey, cert *x509.Certificate) []byte {
	t.Helper()
	signed, err := uki.Sign(bytes.NewReader(image), key, cert)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(signed, 0, signed.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestOthersAcceptTheSignature asks two verifiers, and both again after one bit of
// the initrd has changed.
func TestOthersAcceptTheSignature(t *testing.T) {
	key, cert := keyPair(t)
	stub, err := os.ReadFile("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
	if err != nil {
		stub = ukitest.Stub(1024)
	}
	image := write(t, stub, parts())
	signed := sign(t, image, key, cert)
	if !bytes.Equal(signed, sign(t, image, key, cert)) {
		t.Error("signed twice, the bytes differ")
	}
	if signed[0x200] == 0 && bytes.Equal(signed, image) {
		t.Error("nothing was signed")
	}
	initrd, err := uki.Find(bytes.NewReader(signed), ".initrd")
	if err != nil {
		t.Fatal(err)
	}
	forged := bytes.Clone(signed)
	forged[initrd.Offset+1000] ^= 1

	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"signed": signed, "forged": forged,
		"cert.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, verifier := range [][]string{
		{"sbverify", "--cert", "cert.pem"},
		{"osslsigncode", "verify", "-CAfile", "cert.pem", "-in"},
	} {
		t.Run(verifier[0], func(t *testing.T) {
			needed.Program(t, verifier[0])
			for name, accept := range map[string]bool{"signed": true, "forged": false} {
				cmd := exec.Command(verifier[0], append(verifier[1:], name)...)
				cmd.Dir = dir
				if out, err := cmd.CombinedOutput(); (err == nil) != accept {
					t.Errorf("%s: %v\n%s", name, err, out)
				}
			}
		})
	}
}

func TestWhatCannotBeSigned(t *testing.T) {
	key, cert := keyPair(t)
	other, _ := keyPair(t)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	image := write(t, ukitest.Stub(1024), parts())
	check := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s...", err, want)
		}
	}
	_, err = uki.Sign(bytes.NewReader(image), curve, cert)
	check(err, "the key is *ecdsa.PublicKey; firmware takes RSA only")
	_, err = uki.Sign(bytes.NewReader(image), other, cert)
	check(err, "the key is not the certificate's")
	_, err = uki.Sign(bytes.NewReader(sign(t, image, key, cert)), key, cert)
	check(err, "it is signed already")
	_, err = uki.Sign(bytes.NewReader(image[:len(image)-600]), key, cert)
	check(err, "unexpected EOF")
	_, err = uki.Sign(strings.NewReader("#!/bin/sh\n"), key, cert)
	check(err, "it is no PE file")
}

func TestWeakKeysAreNotMade(t *testing.T) {
	if _, _, err := uki.GenKey("x", 1024, time.Now(), 1); err == nil {
		t.Error("a key of 1024 bits was made")
	}
}
