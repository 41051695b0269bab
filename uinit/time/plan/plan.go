// Package plan says what the clock needs. It is pure, and the builder's as well.
package plan

import (
	"path"
	"slices"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/state"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "time", Units: Units, Check: check, Facts: facts}

// SavedFile is where the last good time lies in the directory that the profile gives.
func SavedFile(dir string) string { return path.Join(dir, "clock") }

// Units set the clock by the machine's own, and then by time servers. The latter goes on without its file system where
// that doesn't come.
func Units(d *spec.Description) []graph.Unit {
	after := append([]string{"mounts", "rtc"}, graph.Above(&d.Machine, SavedFile(d.Time.State))...)
	return []graph.Unit{
		{Unit: unit.Unit{Name: "rtc", Soft: true}},
		{Unit: unit.Unit{Name: "time", After: after}, Reads: []spec.SiteKey{spec.SiteTimeServers}},
	}
}

// check looks at what site.toml cannot change; the servers are internal/crosscheck's.
func check(j problem.Judge, m *spec.Machine) {
	t := m.Time
	if t.PollMax < t.PollMin {
		j.Of("time.poll_min").Bad("time.poll_max", "is %s, shorter than time.poll_min; accepted: %s or more", t.PollMax, t.PollMin)
	} else if len(t.Servers) == 0 && !t.DHCP && !m.Allows(spec.SiteTimeServers) {
		j.Of("time.servers", "time.dhcp", "site").Vain("time", []string{"poll_min", "poll_max", "panic"}, "is for time servers, and there are none; accepted: with time.servers, or dhcp = true")
	}
	asks := func(name string) bool {
		l := m.Links()[name]
		return l.DHCP4 || l.DHCP6 != nil && *l.DHCP6 || l.RA != nil && *l.RA
	}
	if names := graph.Names(m.Links()); t.DHCP && len(names) > 0 && !slices.ContainsFunc(names, asks) && !m.Allows(spec.SiteAddresses, spec.SiteVLANs) {
		j.Of(spec.LinkTables...).Warn("time.dhcp", "no interface asks a DHCP server; accepted: time.servers, or dhcp4 = true of an interface")
	}
	state.Check(j, m, "time.state", t.State)
}
