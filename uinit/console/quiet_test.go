package console

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// A prompt is to stay the last line; a level that somebody chose stays, and so does one for a terminal that is the kernel's alone.
func TestQuiet(t *testing.T) {
	login := map[string]spec.Console{"ttyS0": {Login: spec.LoginPassword}}
	for name, tt := range map[string]struct {
		levels, line string
		rows         map[string]spec.Console
		want         string
	}{
		"the kernel's own":    {"7\t4\t1\t7\n", "console=ttyS0", login, "4\n"},
		"on the kernel line":  {"7\t4\t1\t7\n", "loglevel=7", login, "7\t4\t1\t7\n"},
		"debug":               {"10\t4\t1\t7\n", "debug", login, "10\t4\t1\t7\n"},
		"quiet":               {"3\t4\t1\t7\n", "quiet", login, "3\t4\t1\t7\n"},
		"a quiet kernel":      {"3\t4\t1\t3\n", "", login, "3\t4\t1\t3\n"},
		"for the kernel":      {"7\t4\t1\t7\n", "", map[string]spec.Console{"ttyS0": {}, "ttyS1": {Login: spec.LoginOff}}, "7\t4\t1\t7\n"},
		"nothing of the kind": {"rubbish\n", "", login, "rubbish\n"},
	} {
		h := host{proc: t.TempDir()}
		path := filepath.Join(h.proc, "sys/kernel/printk")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(tt.levels), 0o644); err != nil {
			t.Fatal(err)
		}
		loud := h.quiet(cmdline.Parse(tt.line), tt.rows)
		if got, err := os.ReadFile(path); err != nil || string(got) != tt.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, tt.want)
		}
		loud()
		if got, err := os.ReadFile(path); err != nil || string(got) != tt.want && string(got) != "7\n" {
			t.Errorf("%s: on the way down %q, %v", name, got, err)
		}
	}
	host{proc: t.TempDir()}.quiet(nil, login) // where there is no such file nothing is to be done
}

// The way down is said on terminals that a login made quiet, from before its first line; and none makes them quiet after that.
func TestLoudOnTheWayDown(t *testing.T) {
	h := host{proc: t.TempDir()}
	path := filepath.Join(h.proc, "sys/kernel/printk")
	put(t, path, "7\t4\t1\t7\n")
	rows := map[string]spec.Console{"ttyS0": {Login: spec.LoginPassword}}
	c, end := consolesOf(t, rows, h)
	defer end()
	c.login = func(string, spec.Console) error { return nil }
	level := func(when, want string) {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v; want %q", when, got, err, want)
		}
	}
	if err := c.serveOnce("ttyS0", rows["ttyS0"]); err != nil {
		t.Fatal(err)
	}
	level("with a login", "4\n")
	c.Leaving()
	level("told of the end", "7\n")

	put(t, path, "7\t4\t1\t7\n")
	late, endLate := consolesOf(t, rows, h)
	defer endLate()
	late.login = c.login
	late.Leaving()
	if err := late.serveOnce("ttyS0", rows["ttyS0"]); err != nil {
		t.Fatal(err)
	}
	level("a login after that", "7\t4\t1\t7\n")
}
