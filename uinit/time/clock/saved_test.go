package clock

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What may stand in the place of the saved time on a disk that others had. A node of a watchdog would reset the machine.
func TestHostileSavedTime(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	write := func(text string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
	}
	for what, tt := range map[string]struct {
		make func(path string) error
		want string
	}{
		"500 GB":     {func(p string) error { return errors.Join(os.WriteFile(p, nil, 0o600), os.Truncate(p, 500<<30)) }, "has 536870912000 bytes; accepted: at most 64"},
		"a pipe":     {func(p string) error { return unix.Mkfifo(p, 0o600) }, "is a named pipe; accepted: a regular file"},
		"a socket":   {func(p string) error { return unix.Mknod(p, unix.S_IFSOCK|0o600, 0) }, "is a socket; accepted: a regular file"},
		"a link":     {func(p string) error { return os.Symlink("/dev/zero", p) }, "is a symbolic link; accepted: a regular file"},
		"a folder":   {func(p string) error { return os.Mkdir(p, 0o700) }, "is a folder; accepted: a regular file"},
		"garbage":    {write("\x00\xff\x1b[2J"), `cannot parse "\x00\xff\x1b[2J"`},
		"no text":    {write(""), "cannot parse"},
		"a long one": {write(strings.Repeat("9", 65)), "has 65 bytes; accepted: at most 64"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "clock")
		if err := errors.Join(tt.make(path), os.Symlink(outside, filepath.Join(dir, ".clock.new"))); err != nil {
			t.Fatal(err)
		}
		if got, err := Saved(filepath.Join(dir, "clock")); err == nil || !strings.Contains(err.Error(), tt.want) || !got.IsZero() {
			t.Errorf("%s: %v, %v; want …%s…", what, got, err, tt.want)
		}
		when := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
		err := Save(filepath.Join(dir, "clock"), when)
		if what == "a folder" {
			if err == nil {
				t.Errorf("%s was replaced", what)
			}
		} else if got, bad := Saved(filepath.Join(dir, "clock")); err != nil || bad != nil || !got.Equal(when) {
			t.Errorf("%s: saved with %v, then %v, %v", what, err, got, bad)
		}
		if _, err := os.Lstat(outside); err == nil {
			t.Fatalf("%s: Save wrote through a link", what)
		}
	}
}

func FuzzSaved(f *testing.F) {
	f.Add([]byte("2026-03-04T05:06:07Z\n"))
	f.Add([]byte("9999-12-31T23:59:59+23:59"))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "clock"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Saved(filepath.Join(dir, "clock"))
		if err != nil {
			return
		}
		got = got.Truncate(time.Second)
		if year := got.UTC().Year(); year < 0 || year > 9999 {
			return // by its zone, and RFC 3339 has no way to write it
		}
		if err := Save(filepath.Join(dir, "clock"), got); err != nil {
			t.Fatal(err)
		}
		if again, err := Saved(filepath.Join(dir, "clock")); err != nil || !again.Equal(got) {
			t.Errorf("%q is %v, then %v, %v", text, got, again, err)
		}
	})
}
