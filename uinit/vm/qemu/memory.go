package qemu

import (
	"fmt"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Most is more than a QEMU ever needs for a guest of that much memory: with each disk it caches 32 MiB of qcow2's
// tables, and it takes an eighth for page tables and what it moves. What wants more has gone wild.
func Most(memory spec.Size) spec.Size { return memory + memory/8 + 512<<20 }

// Memory is this machine's, in bytes.
type Memory struct {
	// Total is all there is, Available what programs could still get (proc(5), MemAvailable).
	Total, Available int64
	// Promised is what running guests have not used yet of theirs.
	Promised int64
}

// MemoryError says that a guest would not fit.
type MemoryError struct {
	Wanted int64
	Memory
}

func (e *MemoryError) Error() string {
	text := fmt.Sprintf("it wants %s and QEMU %s; of this machine's %s %s are free", megabytes(e.Wanted), megabytes(int64(spec.VMOverhead)), megabytes(e.Total), megabytes(e.Available))
	if e.Promised > 0 {
		text += fmt.Sprintf(", %s of them promised to other guests", megabytes(e.Promised))
	}
	return text
}

// Fits refuses a guest that this machine has no memory for: the kernel would end it, or another, later,
// in the middle of its work. The error is a *MemoryError.
func (m Memory) Fits(wanted spec.Size) error {
	if int64(wanted+spec.VMOverhead) > m.Available-m.Promised {
		return &MemoryError{int64(wanted), m}
	}
	return nil
}

func megabytes(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }
