package array

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/holder"
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
	out, err := exec.Command("losetup", "--find", "--show", file).CombinedOutput()
	if err != nil {
		t.Skipf("no loop devices here: %v %s", err, out)
	}
	device := strings.TrimSpace(string(out))
	t.Cleanup(func() {
		if out, err := exec.Command("losetup", "-d", device).CombinedOutput(); err != nil {
			t.Errorf("%v %s", err, out)
		}
	})
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
