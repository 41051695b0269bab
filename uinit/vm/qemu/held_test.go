package qemu

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/internal/holder"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// What one guest writes to, be it a disk or UEFI's variables, another does not get, under whatever name, until the
// first is gone; what is only read may be many's.
func TestGuestsShareNothing(t *testing.T) {
	dir := t.TempDir()
	path, link, template := filepath.Join(dir, "disk"), filepath.Join(dir, "link"), filepath.Join(dir, "template")
	empty := make([]byte, 4096)
	if err := errors.Join(os.WriteFile(path, empty, 0o600), os.WriteFile(template, empty, 0o600), os.Link(path, link)); err != nil {
		t.Fatal(err)
	}
	disk := func(name string, reads bool) func() (*os.File, error) {
		return func() (*os.File, error) { return openDisk(spec.VMDisk{Path: name, ReadOnly: reads}) }
	}
	vars := func(name string) func() (*os.File, error) {
		return func() (*os.File, error) { return openVars(name, template) }
	}
	for name, tt := range map[string]struct {
		first, second func() (*os.File, error)
		refused       bool
	}{
		"two disks":               {disk(path, false), disk(link, false), true},
		"a disk and variables":    {disk(path, false), vars(link), true},
		"variables and a disk":    {vars(path), disk(path, false), true},
		"a writer and a reader":   {disk(path, false), disk(link, true), true},
		"two that read":           {disk(path, true), disk(link, true), false},
		"one that is gone before": {func() (*os.File, error) { return nil, nil }, disk(path, false), false},
	} {
		first, err := tt.first()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		second, err := tt.second()
		if busy := (*holder.BusyError)(nil); errors.As(err, &busy) != tt.refused || (err != nil) != tt.refused {
			t.Errorf("%s: %v", name, err)
		}
		first.Close()
		second.Close()
	}
}
