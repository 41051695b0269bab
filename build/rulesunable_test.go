package build

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
)

// Without QEMU no initramfs is put together for it: none of the image's files is opened.
func TestNoTrialIsPackedWithoutQEMU(t *testing.T) {
	e := env(t, t.TempDir())
	e.Trial.QEMU = filepath.Join(t.TempDir(), "none")
	trial := &Image{Plan: &plan.Plan{Kernel: tree.File{Path: "kernel"}}} // opening panics
	var unable *unableError
	if _, err := e.bootTrial(t.Context(), trial); !errors.As(err, &unable) {
		t.Errorf("error %v", err)
	}
}
