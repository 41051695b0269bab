package crash

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func places(t *testing.T) (Places, file, variable) {
	t.Helper()
	f, v := file{t.TempDir()}, variable{t.TempDir()}
	return Places{f, v}, f, v
}

func TestRecord(t *testing.T) {
	p, f, v := places(t)
	if _, err := p.Recall(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before there is one: %v", err)
	}
	if err := p.Forget(); err != nil {
		t.Errorf("forgetting nothing: %v", err)
	}
	for want := 1; want <= 3; want++ {
		if n, err := p.Keep("panic: \x1b[2Jno\nmore"); n != want || err != nil {
			t.Errorf("kept %d, %v; want %d", n, err, want)
		}
	}
	if r, err := p.Recall(); err != nil || r != (Record{3, "panic: [2Jno"}) {
		t.Errorf("recalled %+v, %v", r, err)
	}
	if _, err := os.Stat(v.name()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the firmware's variable was written, though the directory was there: %v", err)
	}
	if err := p.Forget(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(f.dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Without a directory the firmware keeps the record, with what UEFI wants before it.
func TestRecordInFirmware(t *testing.T) {
	p, f, v := places(t)
	if err := os.Remove(f.dir); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Keep("killed by SIGKILL"); n != 1 || err != nil {
		t.Fatalf("kept %d, %v", n, err)
	}
	raw, err := os.ReadFile(v.name())
	if err != nil || !strings.HasPrefix(string(raw), "\x07\x00\x00\x00{") {
		t.Errorf("the variable is %q, %v", raw, err)
	}
	if n, err := p.Keep("killed by SIGKILL"); n != 2 || err != nil {
		t.Fatalf("kept %d, %v", n, err)
	}
	if r, err := p.Recall(); err != nil || r != (Record{2, "killed by SIGKILL"}) {
		t.Errorf("recalled %+v, %v", r, err)
	}
	if err := errors.Join(os.Remove(v.name()), os.Remove(v.dir)); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Keep("x"); n != 1 || err == nil {
		t.Errorf("with no place at all: kept %d, %v", n, err)
	}
}

// What others put in the record's place is neither followed nor waited for nor believed, and the next record replaces it.
func TestHostileRecord(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(`{"reboots":7,"reason":"secret"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]func(at string) error{
		"link":      func(at string) error { return os.Symlink(secret, at) },
		"fifo":      func(at string) error { return syscall.Mkfifo(at, 0o600) },
		"zeros":     func(at string) error { return os.Symlink("/dev/zero", at) },
		"huge":      func(at string) error { return errors.Join(os.WriteFile(at, nil, 0o600), os.Truncate(at, 500<<30)) },
		"garbage":   func(at string) error { return os.WriteFile(at, []byte("\xff\x00{"), 0o600) },
		"negative":  func(at string) error { return os.WriteFile(at, []byte(`{"reboots":-5}`), 0o600) },
		"too large": func(at string) error { return os.WriteFile(at, []byte(`{"reboots":1e99}`), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			p, f, _ := places(t)
			if err := errors.Join(put(f.name()), put(f.name()+".new")); err != nil {
				t.Fatal(err)
			}
			if r, err := p.Recall(); err == nil {
				t.Errorf("it is believed: %+v", r)
			}
			if n, err := p.Keep("x"); n != 1 || err != nil {
				t.Errorf("kept %d, %v", n, err)
			}
			if r, err := p.Recall(); err != nil || r.Reason != "x" {
				t.Errorf("recalled %+v, %v", r, err)
			}
			if b, err := os.ReadFile(secret); err != nil || !strings.Contains(string(b), "secret") {
				t.Errorf("the link was followed: %q, %v", b, err)
			}
		})
	}
	p, f, _ := places(t)
	if err := os.WriteFile(f.name(), []byte(`{"reboots":1000000,"reason":"`+strings.Repeat("é", 300)+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := p.Recall(); err != nil || r.Reboots != 1000 || len([]rune(r.Reason)) > 201 {
		t.Errorf("recalled %d, %d characters, %v", r.Reboots, len([]rune(r.Reason)), err)
	}
}

func TestPlacesOf(t *testing.T) {
	m := &spec.Machine{Time: spec.Time{State: "/state/time"}, Entropy: spec.Entropy{State: "/state/seed"}, SSH: &spec.SSH{State: "/gone/ssh"}}
	var got []string
	for _, at := range PlacesOf(m, func(dir string) bool { return strings.HasPrefix(dir, "/state/") }) {
		got = append(got, at.String())
	}
	want := []string{"/state/time/uinit-crash", "/state/seed/uinit-crash", variable{efivars}.name()}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %q, want %q", got, want)
	}
}
