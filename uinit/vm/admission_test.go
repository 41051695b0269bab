package vm

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

// A guest whose disk belongs to an array is not started, neither with the machine nor anew.
func TestGuestOnMemberIsNotStarted(t *testing.T) {
	sys := os.DirFS("/sys")
	entries, _ := os.ReadDir("/sys/class/block")
	device := ""
	for _, e := range entries {
		if _, err := os.Stat("/dev/" + e.Name()); err == nil && !alone.Never(e.Name()) && !alone.IsPartition(sys, e.Name()) && alone.Sectors(sys, e.Name()) > 4096 {
			device = e.Name()
		}
	}
	if device == "" {
		t.Skip("this machine has no disk in /dev")
	}
	d := featuretest.Deps(t, spec.Machine{})
	d.Disks.Disks = &alone.Disks{Sys: sys, Open: func(string) (alone.Device, error) { return super{}, nil }}
	g := &guests{Deps: d, prepared: make(chan struct{})}
	close(g.prepared)
	one := &guest{name: "web", cfg: spec.VM{Memory: 1 << 20, Disk: map[string]spec.VMDisk{"root": {Path: "/dev/" + device}}}}
	var e *alone.MemberError
	if _, _, err := g.launchQEMU(one, spec.Service{}); !errors.As(err, &e) || e.Device != device {
		t.Errorf("started anew: %v", err)
	}
	if err := g.alone(&guest{name: "file", cfg: spec.VM{Disk: map[string]spec.VMDisk{"root": {Path: "/srv/disk"}}}}); err != nil {
		t.Errorf("a guest on a file: %v", err)
	}
}

// super is a disk that begins with the superblock of an array, of version 1.2.
type super struct{}

func (super) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	if at == 0 {
		copy(p[4096:], "\xfc\x4e\x2b\xa9\x01")
		p[4096+144] = 8
	}
	return len(p), nil
}
func (super) Close() error { return nil }

// In a guest's own line why it was not started needs no name; what keeps it from that besides is said as it is.
func TestTrouble(t *testing.T) {
	one := &guest{name: "web"}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{&admissionError{"web", errors.New("no memory")}, "no memory"},
		{fmt.Errorf("trying again: %w", &admissionError{"web", errors.New("no memory")}), "no memory"},
		{errors.New("waiting for /dev/vg0/web"), "waiting for /dev/vg0/web"},
	} {
		one.setStartErr(tt.err)
		if got := one.trouble(); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.err, got, tt.want)
		}
	}
	if got := (&admissionError{"web", errors.New("no memory")}).Error(); got != "starting web: no memory" {
		t.Errorf("the log has %q", got)
	}
}
