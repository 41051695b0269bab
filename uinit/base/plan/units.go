// Package plan says which units every machine has.
package plan

import (
	"path"
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
	add(unit.Unit{Name: "hostname"}, spec.SiteHostname)
	// A prompt that appears before root's password is set would turn its owner away, so
	// consoles come after this, and it may not take long.
	add(unit.Unit{Name: "users", Timeout: 3 * time.Second}, spec.SitePasswordHash, spec.SiteAuthorizedKeys)
	add(unit.Unit{Name: "modules"})
	add(unit.Unit{Name: "coldplug", After: []string{"modules"}})
	if m.Site != nil {
		add(unit.Unit{Name: "site", Needs: []string{"mounts"}, After: []string{"coldplug"}, Timeout: m.Site.Wait.Or(SiteWait) + SiteGrace})
	}
	add(unit.Unit{Name: "loopback"})
	add(unit.Unit{Name: "rtc", Soft: true})
	add(unit.Unit{Name: "status", Needs: []string{"mounts"}, After: []string{"loopback"}, Soft: true})

	for _, name := range graph.Names(consoles) {
		// Next to nothing is needed: a prompt is most wanted where the rest went wrong.
		add(unit.Unit{Name: "console:" + name, After: []string{"hostname", "users"}, Soft: isPattern(m, name)})
	}
	var filter []string
	if m.Firewall != nil {
		filter = []string{"filter"}
	}
	var network []string
	links := m.Links()
	for _, name := range graph.Names(links) {
		soft := links[name].Optional
		after := []string{"loopback", "sysctl"}
		if m.Allows(spec.SiteHostname) {
			after = append(after, "hostname") // which DHCP tells
		}
		add(unit.Unit{Name: "link:" + name, Needs: filter, After: after, Soft: soft}, spec.SiteAddresses, spec.SiteVLANs)
		port := links[name].Master != ""
		add(unit.Unit{Name: "online:" + name, Needs: []string{"link:" + name}, Soft: soft || port})
		if !port { // one cable fewer is what a bond is for
			network = append(network, "online:"+name)
		}
	}
	if m.Allows(spec.SiteVLANs) { // those that the profile does not have
		add(unit.Unit{Name: "site-vlans", Needs: filter, After: []string{"loopback", "sysctl"}}, spec.SiteVLANs)
		network = append(network, "site-vlans")
	}
	add(unit.Unit{Name: "network", Needs: network})
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
	// These go on without their file systems where these don't come.
	add(unit.Unit{Name: "clock", After: append([]string{"mounts", "rtc"}, graph.Above(&m.Machine, path.Join(m.Time.State, "clock"))...)}, spec.SiteTimeServers)
	for _, name := range graph.Names(m.Service) {
		needs := append([]string{"mounts"}, m.Service[name].Needs...)
		add(unit.Unit{Name: "service:" + name, Needs: needs, After: []string{"hostname", "loopback", "sysctl", "users"}})
	}
	units = append(units, growing(m.Grow)...)
	return append(units, guestUnits(m)...)
}

const (
	// SiteWait is the profile reference's.
	SiteWait = 10 * time.Second
	// SiteGrace is how much longer the unit may take than its medium is waited for.
	SiteGrace = 4 * time.Second
)

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
