// Package plan says which units every machine has.
package plan

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Units are those of consoles that exist, patterns expanded. The order of the list is that of its kinds, then of names.
func Units(m *spec.Description, consoles map[string]spec.Console) []graph.Unit {
	var units []graph.Unit
	add := func(u unit.Unit, reads ...spec.SiteKey) { units = append(units, graph.Unit{Unit: u, Reads: reads}) }
	add(unit.Unit{Name: "mounts"})
	add(unit.Unit{Name: "report", Soft: true})
	// A prompt that appears before root's password is set would turn its owner away, so
	// consoles come after this, and it may not take long.
	add(unit.Unit{Name: "users", Timeout: 3 * time.Second}, spec.SitePasswordHash, spec.SiteAuthorizedKeys)
	add(unit.Unit{Name: "modules"})
	add(unit.Unit{Name: "sysctl", After: []string{"modules"}})
	add(unit.Unit{Name: "coldplug", After: []string{"modules"}})
	// What makes keys names this one; it keeps nobody else waiting.
	add(unit.Unit{Name: "entropy"})
	add(unit.Unit{Name: "buttons", Soft: true})
	add(unit.Unit{Name: "status", Needs: []string{"mounts"}, After: []string{"loopback"}, Soft: true})

	if m.Watchdog != nil {
		// Coldplug brings the hardware's driver.
		add(unit.Unit{Name: "watchdog", After: []string{"coldplug"}})
	}

	for _, name := range graph.Names(consoles) {
		// Next to nothing is needed: a prompt is most wanted where the rest went wrong.
		add(unit.Unit{Name: "console:" + name, After: []string{"hostname", "users"}, Soft: isPattern(m, name)})
	}
	if m.Firewall != nil {
		// Modules of the profile may be what rules are made of.
		add(unit.Unit{Name: "filter", Needs: []string{"mounts"}, After: []string{"modules"}})
		add(unit.Unit{Name: "firewall", Needs: []string{"filter"}})
		if len(m.Firewall.Log.Groups) > 0 {
			add(unit.Unit{Name: "nflog", Needs: []string{"mounts"}, After: []string{"modules", "filter"}, Soft: true})
		}
		for _, name := range graph.Names(m.Links()) {
			if slices.Contains(m.Firewall.Flow.Interfaces, name) {
				add(unit.Unit{Name: "flow:" + name, Needs: []string{"link:" + name, "firewall"}, Soft: true})
			}
		}
	}
	for _, name := range graph.Names(m.Array) {
		// The time for members to come up, and that for starting the array.
		patience := 30 * time.Second
		if d := m.Array[name].StartDegradedAfter; d != nil {
			patience = time.Duration(*d)
		}
		// Its members have the name of the host in them.
		add(unit.Unit{Name: "array:" + name, Needs: []string{"mounts"}, After: []string{"modules"}, Timeout: patience + 15*time.Second}, spec.SiteHostname)
	}
	for _, target := range graph.Names(m.Mount) {
		row := m.Mount[target]
		needs, after := append([]string{"mounts"}, graph.Above(&m.Machine, target)...), []string{"modules"}
		if m.Site != nil {
			after = append(after, "site") // the same file system could not be mounted both ways at a time
		}
		if name, ok := strings.CutPrefix(row.Source, "array:"); ok {
			needs = append(needs, "array:"+name)
		}
		add(unit.Unit{
			Name: "mount:" + target, Needs: needs, After: after,
			Timeout: time.Duration(row.Timeout), Soft: row.NoFail,
		})
	}
	if dir := m.Entropy.State; dir != "" {
		add(unit.Unit{Name: "seed", Needs: append([]string{"mounts"}, graph.Above(&m.Machine, path.Join(dir, "seed"))...)})
	}
	// It goes on without its file system where that doesn't come.
	if m.Log.Remote != "" || m.Allows(spec.SiteLogServer) {
		add(unit.Unit{Name: "log", After: append([]string{"hostname"}, graph.Above(&m.Machine, path.Join(m.Log.Spool, "log"))...)}, spec.SiteLogServer)
	}
	for _, name := range graph.Names(m.Service) {
		needs := append([]string{"mounts"}, m.Service[name].Needs...)
		add(unit.Unit{Name: "service:" + name, Needs: needs, After: []string{"hostname", "loopback", "sysctl", "users"}})
	}
	units = append(units, growing(m.Grow)...)
	return append(units, guestUnits(m)...)
}

// growing is the unit that grows a partition while it is in use. No other unit waits for it, unless a
// service of the profile names it.
func growing(g *spec.Growth) []graph.Unit {
	if g == nil {
		return nil
	}
	return []graph.Unit{{Unit: unit.Unit{Name: "grow", Needs: []string{"mount:" + g.Mount}, Soft: true}}}
}

// isPattern says that a console is there only because a pattern of the profile matched it.
func isPattern(m *spec.Description, name string) bool {
	_, named := m.Console[name]
	return !named
}
