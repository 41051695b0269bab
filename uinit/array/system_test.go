package array

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/internal/holder"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/dev"
)

// A disk that a guest has is none to make an array of, though it looks blank and no holder stands in sysfs.
func TestUnused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("loop devices need root")
	}
	file := filepath.Join(t.TempDir(), "disk")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 16<<20)); err != nil {
		t.Fatal(err)
	}
	device := needed.Loop(t, file)
	m := md.Describe(dev.Sys(), filepath.Base(device))
	if err := unused(m); err != nil {
		t.Error(err)
	}
	f, err := holder.Open(device, os.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	busy := (*holder.BusyError)(nil)
	if err := unused(m); !errors.As(err, &busy) {
		t.Errorf("a disk that somebody has: %v", err)
	}
}
