package qemu_tests

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
)

// written writes a profile and what lies beside it, and returns the profile's path.
func written(t *testing.T, text string, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files["box.toml"] = text
	for name, body := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "box.toml")
}

// small is what both firewalls need of a virtual machine.
const small = cloud + "drivers = [\"virtio\"]\n"

// on starts the appliance with a cable to each wire, eth0 first, and one that QEMU's user network ends.
func (a appliance) on(t *testing.T, wires ...*wire) *qemu.Guest {
	t.Helper()
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	vm.Config.NICs = nil
	for _, w := range wires {
		cable, err := w.Cable()
		if err != nil {
			t.Fatal(err)
		}
		vm.Config.NICs = append(vm.Config.NICs, qemu.NIC{Backend: cable})
	}
	vm.Config.NICs = append(vm.Config.NICs, qemu.NIC{})
	return start(t, vm.Config)
}

// pelt sends a frame all the time until stop.
func pelt(w *wire, frames ...[]byte) (stop func()) {
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				for _, f := range frames {
					w.Inject(f)
				}
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-over }
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// withFile is an initramfs with one more archive behind it, which has one file.
func withFile(t *testing.T, initrd, name, body string) string {
	t.Helper()
	b, err := os.ReadFile(initrd)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "initrd")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	file := tree.File{Path: name, Mode: 0o644, Body: []byte(body), Size: int64(len(body))}
	if err := cpio.Write(f, []tree.File{file}, time.Unix(0, 0), nil); err != nil {
		t.Fatal(err)
	}
	return path
}
