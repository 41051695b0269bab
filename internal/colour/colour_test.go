package colour

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// Colours are for terminals, unless somebody says otherwise.
func TestFor(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pty.Close()
	for _, tt := range []struct {
		word, noColor, term string
		f                   *os.File
		want                Paint
	}{
		{"auto", "", "vt220", pty, true},
		{"auto", "1", "vt220", pty, false},
		{"auto", "", "dumb", pty, false},
		{"auto", "", "vt220", file, false},
		{"auto", "", "vt220", nil, false},
		{"always", "1", "dumb", file, true},
		{"never", "", "vt220", pty, false},
	} {
		t.Setenv("NO_COLOR", tt.noColor)
		t.Setenv("TERM", tt.term)
		if got, err := For(tt.word, tt.f); got != tt.want || err != nil {
			t.Errorf("%+v: %v, %v", tt, got, err)
		}
	}
	if _, err := For("yes", pty); err == nil {
		t.Error("a word that is none is taken")
	}
	if got := Paint(false).Good("ok") + Paint(true).Bad("no") + Paint(true).Late(""); got != "ok\x1b[1;31mno\x1b[m" {
		t.Errorf("%q", got)
	}
}
