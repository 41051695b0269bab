package main

import (
	"bytes"
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/build/uki/ukitest"
	"github.com/imgbuild/imgbuild/internal/needed"
)

func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, nil, &out, &errs)
	return code, out.String(), errs.String()
}

func TestGenkeyAndSign(t *testing.T) {
	dir := t.TempDir()
	name, program := filepath.Join(dir, "box"), filepath.Join(dir, "box.efi")
	code, stdout, stderr := call(t, "genkey", name)
	if code != exitDone || stdout != name+".key\n"+name+".crt\n"+name+".cer\n" {
		t.Fatalf("%d: %s%s", code, stdout, stderr)
	}
	if info, err := os.Stat(name + ".key"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v: %v", info.Mode(), err)
	}
	der, err := os.ReadFile(name + ".cer")
	if err != nil {
		t.Fatal(err)
	}
	inDER, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if cert, err := uki.ReadCertificate(name + ".crt"); err != nil || !cert.Equal(inDER) || cert.Subject.CommonName != "box" {
		t.Errorf("the certificates differ: %v", err)
	}

	if err := os.WriteFile(program, ukitest.Stub(1024), 0o640); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := call(t, "sign", program, "--key", name+".key", "--cert", name+".crt"); code != exitDone || stdout != program+"\n" {
		t.Fatalf("%d: %s%s", code, stdout, stderr)
	}
	if info, err := os.Stat(program); err != nil || info.Mode().Perm() != 0o640 || info.Size() <= 1536 {
		t.Errorf("signed: %v, %v", info, err)
	}
	if out, err := exec.Command(needed.Program(t, "sbverify"), "--cert", name+".crt", program).CombinedOutput(); err != nil {
		t.Errorf("sbverify: %v\n%s", err, out)
	}
	signed, _ := os.ReadFile(program)
	for want, args := range map[string][]string{
		"is signed already":    {"sign", program, "--key", name + ".key", "--cert", name + ".crt"},
		"holds no PRIVATE KEY": {"sign", program, "--key", name + ".crt", "--cert", name + ".crt"},
		"box.key exists":       {"genkey", name},
	} {
		if code, stdout, stderr := call(t, args...); code != exitFailed || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%v: %d, %s%s", args, code, stdout, stderr)
		}
	}
	if now, _ := os.ReadFile(program); !bytes.Equal(now, signed) {
		t.Error("a refused signature changed the program")
	}
}

func TestWrongWordsAboutMedia(t *testing.T) {
	for want, args := range map[string][]string{
		"needs --key and --cert":                    {"sign", "x.efi"},
		"takes one UEFI program or one NAME.update": {"sign"},
		"takes one name":                            {"genkey", "a", "b"},
		"--bits 1024":                               {"genkey", "--bits", "1024", filepath.Join(t.TempDir(), "x")},
		`--format: "floppy" is not a format`:        {"build", "headless", "--format", "floppy"},
		`--format: "isso" is not a format`:          {"run", "headless", "--format", "isso"},
		`--bus "scuzzy"`:                            {"run", "headless", "--format", "disk", "--bus", "scuzzy"},
		"--bus goes with":                           {"test", "headless", "--format", "uki", "--bus", "usb"},
		"lies in it":                                {"run", "headless", "--format", "iso", "--append", "quiet"},
		"--secure-boot goes with":                   {"run", "headless", "--secure-boot", "--firmware", "bios"},
		"a BIOS cannot start":                       {"run", "headless", "--format", "uki", "--firmware", "bios"},
		"secureboot: names no key, so nothing is":   {"run", "headless", "--secure-boot"},
	} {
		if code, stdout, stderr := call(t, args...); code != exitUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%v: %d, %s%s", args, code, stdout, stderr)
		}
	}
}
