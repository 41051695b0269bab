package mount

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/holder/holdertest"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// loopDevice makes a block device of a file of zeros.
func loopDevice(t *testing.T) (device, file string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("loop devices need root")
	}
	file = filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(file, make([]byte, 16<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	device = needed.Loop(t, file)
	return device, file
}

// A disk that a guest has is neither formatted nor mounted, though it looks blank and QEMU has it open as any
// program would; neither is one whose file a guest has.
func TestMountLeavesAGuestsDisk(t *testing.T) {
	device, file := loopDevice(t)
	for what, want := range map[string]string{device: filepath.Base(device), file: file} {
		end := holdertest.Guest(t, what, os.O_RDWR)
		target := t.TempDir()
		err := mountRow(t, target, spec.Mount{Source: device, Type: "ext4", Create: true}, &Turns{})
		if err == nil || !strings.Contains(err.Error(), want+" is a disk of the guest web") {
			t.Errorf("with %s in a guest: %v", what, err)
		}
		_ = unix.Unmount(target, 0)
		end()
	}
	if b, err := os.ReadFile(file); err != nil || !bytes.Equal(b, make([]byte, 16<<20)) {
		t.Errorf("the disk was written to: %v", err)
	}
}

// One device may be mounted in two places, also by two rows at the same time, each of which would check it first.
func TestMountedTwice(t *testing.T) {
	device, _ := loopDevice(t)
	if out, err := exec.Command("mke2fs", "-q", "-t", "ext4", device).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	var turns Turns
	var rows sync.WaitGroup
	for range 4 {
		target := t.TempDir()
		defer func() { _ = unix.Unmount(target, 0) }()
		rows.Go(func() {
			if err := mountRow(t, target, spec.Mount{Source: device, Type: "ext4"}, &turns); err != nil {
				t.Error(err)
			}
		})
	}
	rows.Wait()
}

func mountRow(t *testing.T, target string, cfg spec.Mount, turns *Turns) error {
	return New(target, cfg, Deps{
		Sys:        os.DirFS("/sys"),
		Wait:       func(_ context.Context, ready func() (bool, error)) error { _, err := ready(); return err },
		LoadModule: func(string) error { return nil },
		Alone:      func(string) error { return nil },
		Turns:      turns,
	}).Run(t.Context())
}
