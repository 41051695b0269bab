package limits

import (
	"fmt"

	"github.com/imgbuild/imgbuild/internal/meminfo"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// TellMemory says it of a machine that has less memory than it was made for, before anything fails of it.
func TellMemory(d *feature.Deps, least spec.Size) {
	installed, err := meminfo.Installed()
	if err != nil {
		return // of a machine that is not known to be too small nothing is said
	}
	if line := short(spec.Size(installed), least); line != "" {
		d.Log.Error(line)
		d.Facts.Note("memory", line)
	}
}

// short says that there is too little memory; "" for enough. Firmware and graphics keep some of what a machine has, and so a
// sixteenth may be missing.
func short(installed, least spec.Size) string {
	if installed >= least-least/16 {
		return ""
	}
	return fmt.Sprintf("this machine has %d MiB of memory, and %s is the least that this image is made for (boot.memory_min): what fails now may fail for want of it", installed>>20, least)
}
