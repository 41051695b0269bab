package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// writeUpdate makes a version of two parts, and returns the text of its manifest.
func writeUpdate(t *testing.T, file string) []byte {
	t.Helper()
	const head, size = 2048, 1024
	body := bytes.Repeat([]byte("0123456789abcdef"), 2*size/16)
	m := slot.Manifest{Format: slot.ManifestFormat, Profile: "box", Version: "2026.49", Loader: slot.LoaderFormat, Size: head + 2*size}
	for at := int64(0); at < 2*size; at += size {
		sum := sha256.Sum256(body[at : at+size])
		m.Parts = append(m.Parts, slot.Part{Range: slot.Range{Offset: head + at, Size: size}, SHA256: hex.EncodeToString(sum[:])})
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, bytes.Repeat([]byte(" "), head-slot.Sector-len(text))...)
	if err := os.WriteFile(file, append(slot.Head(text), body...), 0o644); err != nil {
		t.Fatal(err)
	}
	return text
}

// verify has ssh-keygen judge a signature.
func verify(t *testing.T, dir string, text []byte, signature string, public []byte) error {
	t.Helper()
	signers := filepath.Join(dir, "signers")
	if err := os.WriteFile(signers, append([]byte("them "), public...), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(needed.Program(t, "ssh-keygen"), "-Y", "verify", "-f", signers, "-I", "them", "-n", slot.Namespace, "-s", signature)
	c.Stdin = bytes.NewReader(text)
	return c.Run()
}

func generate(t *testing.T, file string, args ...string) (public []byte) {
	t.Helper()
	if out, err := exec.Command(needed.Program(t, "ssh-keygen"), append(args, "-q", "-N", "", "-f", file)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	public, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// What imgbuild signs is the manifest, as by hand, by each kind of key.
func TestSignUpdate(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "box.update")
	text := writeUpdate(t, file)
	for name, args := range map[string][]string{"ed25519": {"-t", "ed25519"}, "rsa": {"-t", "rsa", "-b", "2048"}, "ecdsa": {"-t", "ecdsa"}} {
		key := filepath.Join(dir, name)
		public := generate(t, key, args...)
		code, stdout, stderr := call(t, "sign", file, "--key", key)
		if code != exitDone || stdout != file+".sig\n" {
			t.Fatalf("%s: %d, %s%s", name, code, stdout, stderr)
		}
		if err := verify(t, dir, text, file+".sig", public); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := verify(t, dir, append(text, ' '), file+".sig", public); err == nil {
			t.Errorf("%s: another text is signed as well", name)
		}
		if name != "ed25519" {
			continue
		}
		signature, err := os.ReadFile(file + ".sig")
		if err != nil {
			t.Fatal(err)
		}
		c := exec.Command(needed.Program(t, "ssh-keygen"), "-Y", "sign", "-n", "imgbuild-update", "-f", key)
		c.Stdin = bytes.NewReader(text)
		if byHand, err := c.Output(); err != nil || !bytes.Equal(byHand, signature) {
			t.Errorf("by hand: %v\n%s\n%s", err, byHand, signature)
		}
	}
	other := filepath.Join(dir, "elsewhere")
	if code, stdout, stderr := call(t, "sign", file, "--key", filepath.Join(dir, "ed25519"), "-o", other); code != exitDone || stdout != other+"\n" {
		t.Errorf("elsewhere: %d, %s%s", code, stdout, stderr)
	}
}

// The private half may be in an agent.
func TestSignUpdateByAgent(t *testing.T) {
	dir := t.TempDir()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	keys := agent.NewKeyring()
	if err := keys.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", filepath.Join(dir, "agent"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	go func() {
		for {
			c, err := socket.Accept()
			if err != nil {
				return
			}
			_ = agent.ServeAgent(keys, c) // until its client has gone
		}
	}()
	t.Setenv("SSH_AUTH_SOCK", filepath.Join(dir, "agent"))
	k, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	file, key := filepath.Join(dir, "box.update"), filepath.Join(dir, "k.pub")
	if err := os.WriteFile(key, ssh.MarshalAuthorizedKey(k), 0o600); err != nil {
		t.Fatal(err)
	}
	text := writeUpdate(t, file)
	if code, stdout, stderr := call(t, "sign", file, "--key", key); code != exitDone {
		t.Fatalf("%d, %s%s", code, stdout, stderr)
	}
	if err := verify(t, dir, text, file+".sig", ssh.MarshalAuthorizedKey(k)); err != nil {
		t.Error(err)
	}
}

// What is no version, or not whole, is not signed, nor is anything without a key or the program for it.
func TestSignUpdateErrors(t *testing.T) {
	dir := t.TempDir()
	file, key := filepath.Join(dir, "box.update"), filepath.Join(dir, "k")
	generate(t, key, "-t", "ed25519")
	writeUpdate(t, file)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := func(name string, text []byte) string {
		file := filepath.Join(dir, name+".update")
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	flipped := bytes.Clone(whole)
	flipped[3500]++
	for want, args := range map[string][]string{
		"it does not begin with one":                     {spoilt("text", bytes.Repeat([]byte("x"), 4096)), "--key", key},
		"unexpected EOF":                                 {spoilt("short", whole[:700]), "--key", key},
		"it ends in part 2 of 2, at byte 4000 of 4096":   {spoilt("cut", whole[:4000]), "--key", key},
		"part 2 of 2, 1024 bytes from byte 3072 on, is ": {spoilt("flipped", flipped), "--key", key},
		"it has 4097 bytes, and its manifest says 4096":  {spoilt("long", append(bytes.Clone(whole), 0)), "--key", key},
		"none.update: no such file":                      {filepath.Join(dir, "none.update"), "--key", key},
		"--key: stat ":                                   {file, "--key", key + "x"},
		"is no file; accepted: a private key of SSH":     {file, "--key", dir},
		"ssh-keygen -Y sign: exit status 255":            {file, "--key", file},
	} {
		if code, stdout, stderr := call(t, append([]string{"sign"}, args...)...); code != exitFailed || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: %d, %s%s", want, code, stdout, stderr)
		}
	}
	for want, args := range map[string][]string{
		"needs --key for a version":       {file},
		"--cert goes with a UEFI program": {file, "--key", key, "--cert", key},
	} {
		if code, _, stderr := call(t, append([]string{"sign"}, args...)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: %d, %s", want, code, stderr)
		}
	}
	t.Setenv("PATH", dir)
	if code, _, stderr := call(t, "sign", file, "--key", key); code != exitFailed || !strings.Contains(stderr, "it takes ssh-keygen of OpenSSH 8.2 or later, which is in Debian's package openssh-client") {
		t.Errorf("without ssh-keygen: %d, %s", code, stderr)
	}
	if made, err := filepath.Glob(filepath.Join(dir, "*.sig")); err != nil || len(made) > 0 {
		t.Errorf("there are %v, %v", made, err)
	}
}
