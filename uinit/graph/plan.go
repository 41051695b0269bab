package graph

import (
	"maps"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Plan is what the builder knows of a feature. The init links none of it but Units and Services.
type Plan struct {
	// Name is that of the feature's folder and table.
	Name string
	// Tag leaves the feature out of an init whose machine does not use it; empty: it is always there.
	Tag string
	// Used says whether a machine does; nil: always.
	Used func(d *spec.Description) bool
	// With are the names of further features that it stands on, of those that an init may be without; nil: none.
	With func(d *spec.Description) []string
	// Parts have build tags of their own, for few machines use them.
	Parts []Option
	// Units are the feature's part of the graph; nil: none.
	Units Part
	// Services are programs that the feature has supervised like those of [service.*]; nil: none.
	Services func(m *spec.Machine) map[string]spec.Service
	// Check finds what is wrong with the feature's tables of a profile beyond single values.
	Check func(j problem.Judge, m *spec.Machine)
	// Commands are those of the busybox that the feature starts, such as a program beside the init.
	Commands func(m *spec.Machine) []string
	// Called are further ones, which whoever looks for them finds by name: a package's or an overlay's program of that name will do as well.
	Called func(m *spec.Machine) []string
	// Needs are the units that its rows name, which there must be.
	Needs func(m *spec.Machine) []Need
	// Claims are the files and devices that it uses, of which two rows may want the same.
	Claims func(m *spec.Machine) []Claim
	// Listens are the ports at which it has servers.
	Listens func(m *spec.Machine) []Listener
	// Programs are files of packages that the feature starts.
	Programs func(m *spec.Machine) []spec.Program
	// Modules are the kernel's that it stands on.
	Modules func(m *spec.Machine) []spec.Want
	// Images are container images that it wants in the image, unpacked for it.
	Images func(m *spec.Machine) []spec.ImageWant
	// Facts are what it makes known of the running machine. A function, so that the init links no meanings.
	Facts func() []Facts
	// SiteExample is TOML that the example of a site.toml shows of the feature's tables, where there is more to say than by
	// the tags of single fields (spec.SiteKey); nil: nothing.
	SiteExample func(m *spec.Machine) string
}

// Need is a list of units in a profile: whose Key it is, such as vm.web.needs, and the Units.
type Need struct {
	Key   string
	Units []string
}

// Services are a machine's, those of [service.*] and those that parts bring, with the defaults of their schema.
func Services(m *spec.Machine, parts ...func(*spec.Machine) map[string]spec.Service) map[string]spec.Service {
	all := map[string]spec.Service{}
	maps.Copy(all, m.Service)
	for _, part := range parts {
		if part == nil {
			continue
		}
		for name, cfg := range part(m) {
			defaults.Fill(&cfg)
			all[name] = cfg
		}
	}
	return all
}

// Option is a part of a feature that its tag leaves out of an init whose machine does not use it.
type Option struct {
	Tag  string
	Used func(d *spec.Description) bool
}
