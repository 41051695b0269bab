package console

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// machine makes a tree of devices; a kind of "" means that the kernel has no file for it.
func machine(t *testing.T, kinds map[string]string) host {
	t.Helper()
	h := host{dev: t.TempDir(), sys: t.TempDir()}
	for name, kind := range kinds {
		put(t, filepath.Join(h.dev, name), "")
		if err := os.MkdirAll(filepath.Join(h.sys, "class/tty", name), 0o755); err != nil {
			t.Fatal(err)
		}
		if kind != "" {
			put(t, filepath.Join(h.sys, "class/tty", name, "type"), kind+"\n")
		}
	}
	return h
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestExpand(t *testing.T) {
	h := machine(t, map[string]string{"ttyS0": "4", "ttyS1": "4", "ttyS2": "0", "tty1": "", "ttyUSB0": ""})
	fast, slow, off := spec.Console{Speed: 115200}, spec.Console{Speed: 9600}, spec.Console{Login: spec.LoginOff}
	tests := map[string]struct{ rows, want map[string]spec.Console }{
		"ports with hardware": {map[string]spec.Console{"ttyS*": fast}, map[string]spec.Console{"ttyS0": fast, "ttyS1": fast}},
		"a row wins over the pattern": {map[string]spec.Console{"ttyS*": fast, "ttyS1": off},
			map[string]spec.Console{"ttyS0": fast, "ttyS1": off}},
		"a row is kept without hardware": {map[string]spec.Console{"ttyS*": fast, "ttyS9": slow, "tty1": {}},
			map[string]spec.Console{"ttyS0": fast, "ttyS1": fast, "ttyS9": slow, "tty1": {}}},
		"the first of two patterns": {map[string]spec.Console{"ttyS*": fast, "ttyS[0-9]": slow}, map[string]spec.Console{"ttyS0": fast, "ttyS1": fast}},
		"nothing there":             {map[string]spec.Console{"hvc*": fast}, map[string]spec.Console{}},
	}
	for name, tt := range tests {
		if got := h.expand(tt.rows); !maps.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	put(t, filepath.Join(h.dev, "hvc0"), "")
	// As a node without a device behind it, a socket can't be opened: ENXIO.
	if err := unix.Mknod(filepath.Join(h.dev, "hvc1"), unix.S_IFSOCK|0o600, 0); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"ttyS0": true, "ttyS2": false, "ttyS9": false, "ttyUSB0": true, "hvc0": true, "hvc1": false} {
		if got := h.present(name); got != want {
			t.Errorf("%s present: %v, want %v", name, got, want)
		}
	}
}

func TestKernelConsoles(t *testing.T) {
	h := machine(t, map[string]string{"ttyS0": "4", "ttyS2": "0", "tty0": "", "tty1": ""})
	put(t, filepath.Join(h.sys, "class/tty/console/active"), "tty0 ttyS2 ttyS0 hvc0\n")
	put(t, filepath.Join(h.sys, "class/tty/tty0/active"), "tty1\n")
	if got, want := h.kernelConsoles(), []string{"tty1", "ttyS0"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestSerialNumber(t *testing.T) {
	h := machine(t, nil)
	for text, want := range map[string]string{"AB 12\n": "AB 12", "To Be Filled By O.E.M.\n": "", "\n": "", "None": ""} {
		put(t, filepath.Join(h.sys, "class/dmi/id/product_serial"), text)
		if got := h.serialNumber(); got != want {
			t.Errorf("%q reads %q, want %q", text, got, want)
		}
	}
}

func TestSpeed(t *testing.T) {
	for _, tt := range []struct {
		bps  int
		code uint32
	}{{50, unix.B50}, {9600, unix.B9600}, {115200, unix.B115200}, {4000000, unix.B4000000}, {250000, unix.BOTHER}, {31250, unix.BOTHER}} {
		line := serialLine(unix.Termios{Cflag: unix.CRTSCTS | unix.PARENB | unix.B9600}, tt.bps)
		want := uint32(unix.CS8 | unix.CREAD | unix.HUPCL | unix.CLOCAL | tt.code)
		if line.Cflag != want || line.Ispeed != uint32(tt.bps) || line.Ospeed != uint32(tt.bps) {
			t.Errorf("%d: flags %#x, speeds %d and %d; want %#x", tt.bps, line.Cflag, line.Ispeed, line.Ospeed, want)
		}
	}
}

// The codes are the kernel's: a terminal set to one reports the number.
func TestSpeedOnTerminal(t *testing.T) {
	p := newPTY(t)
	f, err := thisHost.openTerminal(p.name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	term, err := newTerminal(f, p.name)
	if err != nil {
		t.Fatal(err)
	}
	for bps := range speeds {
		if err := term.set(serialLine(term.mode, bps)); err != nil {
			t.Fatal(err)
		}
		got, err := unix.IoctlGetTermios(term.fd(), unix.TCGETS2)
		if err != nil || got.Ospeed != uint32(bps) || got.Ispeed != uint32(bps) {
			t.Errorf("%d reads back as %d and %d, %v", bps, got.Ispeed, got.Ospeed, err)
		}
	}
}

func TestScreen(t *testing.T) {
	for name, want := range map[string]bool{"tty1": true, "tty63": true, "ttyS0": false, "ttyAMA0": false, "hvc0": false, "tty": false, "pts/3": false} {
		if got := spec.Screen(name); got != want {
			t.Errorf("%s is a screen: %v, want %v", name, got, want)
		}
	}
}
