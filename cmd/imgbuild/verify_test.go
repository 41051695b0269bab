package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A version is verified by what signed it, among others, and by nothing else.
func TestVerify(t *testing.T) {
	dir := t.TempDir()
	file, mine, other := filepath.Join(dir, "box.update"), filepath.Join(dir, "mine"), filepath.Join(dir, "other")
	writeUpdate(t, file)
	generate(t, mine, "-t", "ed25519")
	generate(t, other, "-t", "ed25519")
	if code, stdout, stderr := call(t, "verify", file); code != exitDone || stdout != "box 2026.49\n" {
		t.Errorf("without a key: %d, %s%s", code, stdout, stderr)
	}
	if code, _, stderr := call(t, "verify", file, "--key", mine+".pub"); code != exitFailed || !strings.Contains(stderr, "box.update.sig: no such file") {
		t.Errorf("unsigned: %d, %s", code, stderr)
	}
	if code, _, stderr := call(t, "sign", file, "--key", mine); code != exitDone {
		t.Fatal(stderr)
	}
	if code, stdout, stderr := call(t, "verify", file, "--key", other+".pub", "--key", mine+".pub"); code != exitDone || stdout != "box 2026.49\n" {
		t.Errorf("signed: %d, %s%s", code, stdout, stderr)
	}
	for want, args := range map[string][]string{
		"box.update.sig is not by the key that --key names": {file, "--key", other + ".pub"},
		"is a private key, which belongs to":                {file, "--key", mine},
		"takes one NAME.update, got 0":                      {},
	} {
		if code, stdout, stderr := call(t, append([]string{"verify"}, args...)...); code == exitDone || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: %d, %s%s", want, code, stdout, stderr)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1]++
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, "verify", file, "--key", mine+".pub"); code != exitFailed || !strings.Contains(stderr, "is not what the manifest says") {
		t.Errorf("altered: %d, %s", code, stderr)
	}
}
