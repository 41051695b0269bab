// Package features is the builder's list of what the init can do: for each feature, what it needs of an image. The init
// has a list of its own, uinit/features, of what is linked into it.
package features

import (
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
	access "github.com/imgbuild/imgbuild/uinit/access/plan"
	array "github.com/imgbuild/imgbuild/uinit/array/plan"
	base "github.com/imgbuild/imgbuild/uinit/base/plan"
	button "github.com/imgbuild/imgbuild/uinit/button/plan"
	console "github.com/imgbuild/imgbuild/uinit/console/plan"
	container "github.com/imgbuild/imgbuild/uinit/container/plan"
	crash "github.com/imgbuild/imgbuild/uinit/crash/plan"
	disk "github.com/imgbuild/imgbuild/uinit/disk/plan"
	entropy "github.com/imgbuild/imgbuild/uinit/entropy/plan"
	firewall "github.com/imgbuild/imgbuild/uinit/firewall/plan"
	firmware "github.com/imgbuild/imgbuild/uinit/firmware/plan"
	"github.com/imgbuild/imgbuild/uinit/graph"
	grow "github.com/imgbuild/imgbuild/uinit/grow/plan"
	hostname "github.com/imgbuild/imgbuild/uinit/hostname/plan"
	limits "github.com/imgbuild/imgbuild/uinit/limits/plan"
	link "github.com/imgbuild/imgbuild/uinit/link/plan"
	log "github.com/imgbuild/imgbuild/uinit/log/plan"
	metrics "github.com/imgbuild/imgbuild/uinit/metrics/plan"
	module "github.com/imgbuild/imgbuild/uinit/module/plan"
	mount "github.com/imgbuild/imgbuild/uinit/mount/plan"
	netcmdline "github.com/imgbuild/imgbuild/uinit/netcmdline/plan"
	nflog "github.com/imgbuild/imgbuild/uinit/nflog/plan"
	secret "github.com/imgbuild/imgbuild/uinit/secret/plan"
	service "github.com/imgbuild/imgbuild/uinit/service/plan"
	share "github.com/imgbuild/imgbuild/uinit/share/plan"
	site "github.com/imgbuild/imgbuild/uinit/site/plan"
	ssh "github.com/imgbuild/imgbuild/uinit/ssh/plan"
	sysctl "github.com/imgbuild/imgbuild/uinit/sysctl/plan"
	time "github.com/imgbuild/imgbuild/uinit/time/plan"
	"github.com/imgbuild/imgbuild/uinit/unit"
	update "github.com/imgbuild/imgbuild/uinit/update/plan"
	vm "github.com/imgbuild/imgbuild/uinit/vm/plan"
	watchdog "github.com/imgbuild/imgbuild/uinit/watchdog/plan"
	wireguard "github.com/imgbuild/imgbuild/uinit/wireguard/plan"
)

var list = []graph.Plan{
	base.Plan,
	access.Plan,
	array.Plan,
	button.Plan,
	console.Plan,
	container.Plan,
	crash.Plan,
	disk.Plan,
	entropy.Plan,
	firewall.Plan,
	firmware.Plan,
	grow.Plan,
	hostname.Plan,
	limits.Plan,
	link.Plan,
	log.Plan,
	metrics.Plan,
	module.Plan,
	mount.Plan,
	netcmdline.Plan,
	nflog.Plan,
	secret.Plan,
	service.Plan,
	share.Plan,
	site.Plan,
	ssh.Plan,
	sysctl.Plan,
	time.Plan,
	update.Plan,
	vm.Plan,
	watchdog.Plan,
	wireguard.Plan,
}

// All are the features, the init's own part first.
func All() []graph.Plan { return list }

// Units are the units by which a machine will boot, with its services complete. Consoles are those of the profile: which
// terminals a pattern matches only the box knows.
func Units(d *spec.Description) []unit.Unit {
	var parts []graph.Part
	for _, f := range list {
		if f.Units != nil {
			parts = append(parts, f.Units)
		}
	}
	return graph.Plain(graph.Of(whole(d), parts...))
}

// whole is a machine with its services complete.
func whole(d *spec.Description) *spec.Description {
	whole := *d
	var services []func(*spec.Machine) map[string]spec.Service
	for _, f := range list {
		services = append(services, f.Services)
	}
	whole.Service = graph.Services(&d.Machine, services...)
	return &whole
}

// Claims are the files and devices that rows of features use, feature by feature.
func Claims(m *spec.Machine) (all []graph.Claim) {
	for _, f := range list {
		if f.Claims != nil {
			all = append(all, f.Claims(m)...)
		}
	}
	return all
}

// SiteExamples are what features have to say in the example of a site.toml, for site.Example.
func SiteExamples() (examples []func(*spec.Machine) string) {
	for _, f := range list {
		if f.SiteExample != nil {
			examples = append(examples, f.SiteExample)
		}
	}
	return examples
}

// Without returns the build tags that leave out of uinit what a machine does not use, sorted. A uinit built with no tags can
// do everything; most boxes need little of that, and each of these parts costs a hundred kilobytes and more.
func Without(d *spec.Description) []string {
	var tags, with []string
	for _, f := range list {
		if f.With != nil {
			with = append(with, f.With(d)...)
		}
	}
	unused := func(tag string, used func(*spec.Description) bool) {
		if tag != "" && !used(d) {
			tags = append(tags, tag)
		}
	}
	for _, f := range list {
		if !slices.Contains(with, f.Name) {
			unused(f.Tag, f.Used)
		}
		for _, part := range f.Parts {
			unused(part.Tag, part.Used)
		}
	}
	slices.Sort(tags)
	return tags
}

// Used are the names of those features that a machine uses and that may be left out.
func Used(d *spec.Description) []string {
	var names []string
	for _, f := range list {
		if f.Tag != "" && f.Used(d) {
			names = append(names, f.Name)
		}
	}
	return names
}
