package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/needed"
)

// rootsOwn is a folder that is root's, and lies in such alone: those that tests get lie in /tmp, where everybody writes.
func rootsOwn(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can keep a folder from everybody else")
	}
	dir, err := os.MkdirTemp("/run", "imgbuild-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// An account that has SFTP alone sees what is below its directory, begins in its home there, and gets nothing else.
func TestSFTPOnly(t *testing.T) {
	needed.Program(t, "sftp")
	helper := filepath.Join(t.TempDir(), "sftp-server")
	if out, err := exec.Command("go", "build", "-o", helper, "../sftp-server").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	jail := rootsOwn(t)
	b := newBox(t, func(s *server) { s.sftp, s.jails = helper, map[string]string{"guest": jail} })
	home := filepath.Join(jail, "guest")
	// Its keys stay where they were: whoever may write to the home may write to them.
	if err := errors.Join(os.Rename(filepath.Join(b.dir, "guest"), filepath.Join(b.dir, "moved")), exec.Command("cp", "-a", filepath.Join(b.dir, "moved"), home).Run()); err != nil {
		t.Fatal(err)
	}
	passwd, err := os.ReadFile(filepath.Join(b.dir, "etc/passwd"))
	if err != nil {
		t.Fatal(err)
	}
	b.write("etc/passwd", strings.ReplaceAll(string(passwd), filepath.Join(b.dir, "guest"), home))
	b.write("file", "content\n")
	sftp := func(batch string) (string, error) {
		cmd := exec.Command("sftp", append(b.options("good"), "-q", "-b", "-", "-P", b.port, "guest@127.0.0.1")...)
		cmd.Stdin = strings.NewReader(batch)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := sftp("pwd\nput " + filepath.Join(b.dir, "file") + " up\nchmod 600 up\nget up " + filepath.Join(b.dir, "back") + "\nls -1 /\n")
	if want := "Remote working directory: /guest\n"; err != nil || !strings.Contains(out, want) || !strings.HasSuffix(out, "sftp> ls -1 /\n/guest\n") {
		t.Errorf("%v\n%s", err, out)
	}
	if text, err := os.ReadFile(filepath.Join(b.dir, "back")); string(text) != "content\n" {
		t.Errorf("what came back: %q, %v", text, err)
	}
	if out, err := exec.Command("stat", "-c", "%u %g %a", filepath.Join(home, "up")).Output(); string(out) != "54321 54321 600\n" {
		t.Errorf("the file is %q, %v", out, err)
	}
	for _, batch := range []string{"mkdir /x\n", "get /etc/passwd /dev/null\n", "get ../../etc/passwd /dev/null\n", "symlink /etc/passwd link\nget link /dev/null\n", "put " + filepath.Join(b.dir, "file") + " /x\n"} {
		if out, err := sftp(batch); err == nil {
			t.Errorf("%q: %s", batch, out)
		}
	}
	for _, args := range [][]string{{"id"}, {}, {"-tt", "id"}, {"-tt"}, {"-s", "netconf"}, {"-W127.0.0.1:" + b.port}, {"-A", "id"}, {"-oExitOnForwardFailure=yes", "-R0:127.0.0.1:1", "id"}} {
		if out, _, status := b.run(b.ssh("guest", "good", args...)); status == 0 || out != "" {
			t.Errorf("%q: %q, status %d", args, out, status)
		}
	}
	// Others are as before.
	if out, _, status := b.run(b.ssh("me", "good", "echo here")); out != "here\n" || status != 0 {
		t.Errorf("another account: %q, %d", out, status)
	}
	// Where somebody else could put another directory in its place, nobody gets in.
	for _, spoil := range []func() error{func() error { return os.Chmod(jail, 0o775) }, func() error { return os.Chown(jail, guestID, 0) }} {
		b.server.guard.forgive()
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if out, err := sftp("pwd\n"); err == nil {
			t.Errorf("let in: %s", out)
		}
		if err := errors.Join(os.Chown(jail, 0, 0), os.Chmod(jail, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := sftp("pwd\n"); err != nil {
		t.Errorf("mended: %v\n%s", err, out)
	}
}

// Each directory on the way has to be root's.
func TestConfined(t *testing.T) {
	dir := rootsOwn(t)
	inner := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	ann := account{name: "ann", uid: 5, jail: inner}
	for name, tt := range map[string]struct {
		change, back func() error
		in           bool
	}{
		"as it should be":   {func() error { return nil }, func() error { return nil }, true},
		"open to a group":   {func() error { return os.Chmod(filepath.Dir(inner), 0o775) }, func() error { return os.Chmod(filepath.Dir(inner), 0o755) }, false},
		"open to all":       {func() error { return os.Chmod(inner, 0o757) }, func() error { return os.Chmod(inner, 0o755) }, false},
		"in ann's":          {func() error { return os.Chown(filepath.Dir(inner), 5, 0) }, func() error { return os.Chown(filepath.Dir(inner), 0, 0) }, false},
		"ann's own":         {func() error { return os.Chown(inner, 5, 0) }, func() error { return os.Chown(inner, 0, 0) }, false},
		"not there":         {func() error { return os.Rename(inner, inner+"x") }, func() error { return os.Rename(inner+"x", inner) }, false},
		"a file":            {func() error { return errors.Join(os.Rename(inner, inner+"x"), os.WriteFile(inner, nil, 0o644)) }, func() error { return errors.Join(os.Remove(inner), os.Rename(inner+"x", inner)) }, false},
		"as it was at last": {func() error { return nil }, func() error { return nil }, true},
	} {
		if err := tt.change(); err != nil {
			t.Fatal(err)
		}
		if err := ann.confined(); (err == nil) != tt.in {
			t.Errorf("%s: %v", name, err)
		}
		if err := tt.back(); err != nil {
			t.Fatal(err)
		}
	}
	if err := (account{name: "toor", jail: inner}).confined(); err == nil {
		t.Error("root is held by a directory")
	}
	if err := (account{name: "ann", uid: 5, jail: filepath.Join(t.TempDir(), "x")}).confined(); err == nil {
		t.Error("a directory in /tmp")
	}
}
