package qemu_tests

import (
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/check"
)

// The rescue stick holds what it promises, and leaves the disks of the box as they
// were to the last bit.
func TestRescue(t *testing.T) {
	t.Parallel()
	a := shipped(t, "rescue")
	a.options.Dir, a.options.Run.Timeout = t.TempDir(), max(a.options.Run.Timeout, minutes(5))
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	disk := filepath.Join(a.options.Dir, "old.img")
	before := digest(t, disk)
	vm.Reported = onlyDeclared(t, vm.Config)
	r, err := vm.Test(t.Context(), patient(a.profile.Check), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Passed() {
		check.WriteTable(logWriter{t}, r, false)
		t.Error("the rescue stick failed")
	}
	if digest(t, disk) != before {
		t.Error("the rescue stick wrote to a disk")
	}
}

// With less memory than the stick was made for the kernel drops what has no room. What is left says so before all else, and again
// above a prompt.
func TestTooLittleMemory(t *testing.T) {
	t.Parallel()
	vm, err := boot.Prepare(t.Context(), shipped(t, "rescue").options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	vm.Config.Memory = 160 << 20
	g := start(t, vm.Config)
	talk(t, g, [2]string{`uinit: this machine has 159 MiB of memory, [\s\S]*! this machine has 159 MiB of memory, `, "\r"})
}

func digest(t *testing.T, path string) [sha256.Size]byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
