// Package hostname names the host.
package hostname

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/hostname/plan"
)

// Linked is the feature of the key hostname.
var Linked = feature.Linked{
	Name: "hostname", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return host{d} },
}

type host struct{ *feature.Deps }

// Step is the work behind "hostname".
func (h host) Step(string) feature.Step { return feature.Step{Run: h.set} }

// set tells the kernel the name, and the files that bear it where it is not the image's any more.
func (h host) set(context.Context) error {
	name := h.Machine.Now().Hostname
	h.Facts.Fact(plan.Name.Is(string(name)))
	if name == "" {
		return nil
	}
	if err := unix.Sethostname([]byte(name)); err != nil {
		return fmt.Errorf("setting the host name: %w", err)
	}
	if old := h.Machine.Image.Hostname; name != old {
		return rename("/etc", old, name)
	}
	return nil
}
