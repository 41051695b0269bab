package rules

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/segments"
	"github.com/imgbuild/imgbuild/build/tree"
)

// Without QEMU no initramfs is put together for it: none of the image's files is opened.
func TestNoTrialIsPackedWithoutQEMU(t *testing.T) {
	trial := Trial{QEMU: filepath.Join(t.TempDir(), "none")}
	var unable *unableError
	p := &plan.Plan{Kernel: tree.File{Path: "kernel"}} // opening panics
	if _, err := trial.boot(t.Context(), segments.Packer{}, p); !errors.As(err, &unable) {
		t.Errorf("error %v", err)
	}
}
