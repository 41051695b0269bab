package build

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
)

// tunnelKey is a key of WireGuard.
const tunnelKey = "QiyOemIn17yhNQs+K7cnn3iXuHu2hUt4PGDoAxGuMHk=\n"

// certificate is one in PEM.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// Files of overlays hold what the box will read them as; what they hold instead is not shown.
func TestFilesThatHoldSomethingElse(t *testing.T) {
	const secret = "correct horse battery staple"
	const logged, tunnel = "[log]\nremote = \"tls://192.0.2.1\"\nca = \"/etc/file\"\n", "[wireguard.wg0]\nno_address = true\nprivate_key_file = "
	const shared = tunnel + "\"/run/key\"\n[wireguard.wg0.peer.a]\npublic_key = \"jSD4x7v7mvPaTvUy7UTvxozmQrxdDFyx17kblsdO3wI=\"\npreshared_key_file = \"/etc/file\"\n"
	for _, tc := range []struct{ text, content, want string }{
		{logged, certificate(t), ""},
		{logged, "x\n" + certificate(t) + certificate(t), ""},
		{logged, secret, `mine.toml:5:6: log.ca: /etc/file of overlay "files" holds no certificate; accepted: certificates in PEM, which begin with -----BEGIN CERTIFICATE-----`},
		{logged, "", "mine.toml:5:6: log.ca: /etc/file"},
		{tunnel + "\"/etc/file\"\n", tunnelKey, ""},
		{tunnel + "\"/etc/file\"\n", secret, `mine.toml:5:20: wireguard.wg0.private_key_file: /etc/file of overlay "files" holds no key; accepted: what "wg genkey" prints`},
		{shared, tunnelKey, ""},
		{shared, secret, `mine.toml:8:22: wireguard.wg0.peer.a.preshared_key_file: /etc/file of overlay "files" holds no key; accepted: what "wg genpsk" prints`},
	} {
		got := checkedIn(t, "extends = \"headless\"\nimage = { overlays = [\"headless\", \"files\"] }\n"+tc.text, map[string]string{"files/etc/file": tc.content})
		if tc.want == "" && got != "" || !strings.HasPrefix(got, tc.want) || strings.Contains(got, secret) {
			t.Errorf("%s: %s", tc.text, got)
		}
	}
}

// A script that a key has the box run needs its interpreter, which a package or a mount may have.
func TestScriptsHaveTheirInterpreter(t *testing.T) {
	for first, want := range map[string]string{
		"#!/bin/sh -eu": "", "#! /usr/bin/env bash": "", "#!/srv/bin/lua": "", "#!/usr/bin/mawk -f": "", "\x7fELF": "",
		"#!/usr/bin/python3":     "/usr/bin/python3",
		"#!/usr/bin/env -S perl": "perl",
	} {
		got := checkedIn(t, "extends = \"headless\"\nimage = { overlays = [\"headless\", \"files\"] }\n[packages.mawk]\nfiles = [\"/usr/bin/mawk\"]\n"+
			"[mount.\"/srv\"]\nsource = \"LABEL=x\"\ntype = \"ext4\"\n[service.probe]\ncommand = [\"/usr/bin/probe\"]\n", map[string]string{"files/usr/bin/probe": first + "\n"})
		if want != "" {
			want = `mine.toml:9:11: service.probe.command: /usr/bin/probe of overlay "files" is a script for ` + want + ", which nothing brings; accepted: "
		}
		if want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", first, got)
		}
	}
}
