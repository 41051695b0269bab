package feature

import (
	"sync/atomic"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// Machine is the machine that is to be. Nobody changes one that others may have seen: what differs is another one, and
// takes its place as a whole.
type Machine struct {
	// Image is what the image says, by itself.
	Image *spec.Description
	// Line is the kernel's.
	Line cmdline.Line

	now atomic.Pointer[spec.Machine]
}

// NewMachine starts with what the image says.
func NewMachine(image *spec.Description, line cmdline.Line) *Machine {
	m := &Machine{Image: image, Line: line}
	m.now.Store(&image.Machine)
	return m
}

// Now is the machine as it is to be from what is known so far: what the image says, the kernel line and, once the unit
// "site" is done, the box's owner. It is not to be changed.
func (m *Machine) Now() *spec.Machine { return m.now.Load() }

// Publish puts another machine in its place. Units that read what is new come after the one that publishes it
// (graph.Unit.Reads).
func (m *Machine) Publish(next *spec.Machine) { m.now.Store(next) }
