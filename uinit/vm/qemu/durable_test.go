package qemu

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/traced"
)

// A disk that has its name is taken for one that a guest has used: it must be whole. So must UEFI's variables.
func TestDisksAreOnTheDisk(t *testing.T) {
	dir, template := t.TempDir(), filepath.Join(t.TempDir(), "template")
	if err := os.WriteFile(template, []byte("variables"), 0o600); err != nil {
		t.Fatal(err)
	}
	rows := traced.Of(t, dir, func() {
		raw, err1 := openDisk(spec.VMDisk{Path: filepath.Join(dir, "raw"), Create: true, Size: 1 << 20})
		qcow, err2 := openDisk(spec.VMDisk{Path: filepath.Join(dir, "qcow"), Create: true, Size: 1 << 20, Format: spec.VMQcow2})
		vars, err3 := openVars(filepath.Join(dir, "vars"), template)
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Error(err)
		}
		raw.Close()
		qcow.Close()
		vars.Close()
	})
	for _, name := range []string{"raw", "qcow", "vars"} {
		if err := traced.Durable(rows, name, true); err != nil {
			t.Error(err)
		}
	}
}
