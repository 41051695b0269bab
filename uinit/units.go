package main

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// step is what a unit does; Waiting may be nil.
type step struct {
	Run     func(context.Context) error
	Waiting func() string
}

// Units is the boot as a graph; do gives the work behind each name. Nothing happens here. Consoles
// are those that exist, patterns expanded. The order of the list is that of its kinds, then of names.
func Units(m *spec.Machine, consoles map[string]spec.Console, do func(name string) step) []unit.Unit {
	var units []unit.Unit
	add := func(u unit.Unit) {
		u.After = append(u.After, bySite(m, u.Name)...)
		s := do(u.Name)
		u.Run, u.Waiting = s.Run, s.Waiting
		units = append(units, u)
	}
	add(unit.Unit{Name: "mounts"})
	add(unit.Unit{Name: "report", Soft: true})
	add(unit.Unit{Name: "hostname"})
	// A prompt that appears before root's password is set would turn its owner away, so
	// consoles come after this, and it may not take long.
	add(unit.Unit{Name: "users", Timeout: 3 * time.Second})
	add(unit.Unit{Name: "modules"})
	add(unit.Unit{Name: "sysctl", After: []string{"modules"}})
	add(unit.Unit{Name: "coldplug", After: []string{"modules"}})
	if m.Site != nil {
		add(unit.Unit{Name: "site", Needs: []string{"mounts"}, After: []string{"coldplug"}, Timeout: m.Site.Wait.Or(siteWait) + siteGrace})
	}
	add(unit.Unit{Name: "loopback"})
	// What makes keys names this one; it keeps nobody else waiting.
	add(unit.Unit{Name: "entropy"})
	add(unit.Unit{Name: "rtc", Soft: true})
	add(unit.Unit{Name: "buttons", Soft: true})
	add(unit.Unit{Name: "status", Needs: []string{"mounts"}, After: []string{"loopback"}, Soft: true})

	if m.Watchdog != nil {
		// Coldplug brings the hardware's driver.
		add(unit.Unit{Name: "watchdog", After: []string{"coldplug"}})
	}

	for _, name := range sorted(consoles) {
		// Next to nothing is needed: a prompt is most wanted where the rest went wrong.
		add(unit.Unit{Name: "console:" + name, After: []string{"hostname", "users"}, Soft: isPattern(m, name)})
	}
	var filter []string
	if m.Firewall != nil {
		// Modules of the profile may be what rules are made of.
		add(unit.Unit{Name: "filter", Needs: []string{"mounts"}, After: []string{"modules"}})
		add(unit.Unit{Name: "firewall", Needs: []string{"filter"}})
		if len(m.Firewall.Log.Groups) > 0 {
			add(unit.Unit{Name: "nflog", Needs: []string{"mounts"}, After: []string{"modules", "filter"}, Soft: true})
		}
		filter = []string{"filter"}
	}
	var network []string
	links := m.Links()
	for _, name := range sorted(links) {
		soft := links[name].Optional
		add(unit.Unit{Name: "link:" + name, Needs: filter, After: []string{"loopback", "sysctl"}, Soft: soft})
		port := links[name].Master != ""
		add(unit.Unit{Name: "online:" + name, Needs: []string{"link:" + name}, Soft: soft || port})
		if m.Firewall != nil && slices.Contains(m.Firewall.Flow.Interfaces, name) {
			add(unit.Unit{Name: "flow:" + name, Needs: []string{"link:" + name, "firewall"}, Soft: true})
		}
		if !port { // one cable fewer is what a bond is for
			network = append(network, "online:"+name)
		}
	}
	for _, name := range sorted(m.WireGuard) {
		// A key on a file system that does not come is not made anew elsewhere.
		files := above(m, m.WireGuard[name].PrivateKeyFile)
		add(unit.Unit{Name: "tunnel:" + name, Needs: append([]string{"mounts", "link:" + name}, files...), Soft: links[name].Optional})
	}
	if m.Allows(spec.SiteVLANs) { // those that the profile does not have
		add(unit.Unit{Name: "site-vlans", Needs: filter, After: []string{"loopback", "sysctl"}})
		network = append(network, "site-vlans")
	}
	add(unit.Unit{Name: "network", Needs: network})
	for _, name := range sorted(m.Array) {
		// The time for members to come up, and that for starting the array.
		patience := 30 * time.Second
		if d := m.Array[name].StartDegradedAfter; d != nil {
			patience = time.Duration(*d)
		}
		add(unit.Unit{Name: "array:" + name, Needs: []string{"mounts"}, After: []string{"modules"}, Timeout: patience + 15*time.Second})
	}
	for _, target := range sorted(m.Mount) {
		row := m.Mount[target]
		needs := append([]string{"mounts"}, above(m, target)...)
		if name, ok := strings.CutPrefix(row.Source, "array:"); ok {
			needs = append(needs, "array:"+name)
		}
		add(unit.Unit{
			Name: "mount:" + target, Needs: needs, After: []string{"modules"},
			Timeout: time.Duration(row.Timeout), Soft: row.NoFail,
		})
	}
	if dir := m.Entropy.State; dir != "" {
		add(unit.Unit{Name: "seed", Needs: append([]string{"mounts"}, above(m, path.Join(dir, "seed"))...)})
	}
	// These go on without their file systems where these don't come.
	add(unit.Unit{Name: "clock", After: append([]string{"mounts", "rtc"}, above(m, path.Join(m.Time.State, "clock"))...)})
	if m.Log.Remote != "" || m.Allows(spec.SiteLogServer) {
		add(unit.Unit{Name: "log", After: append([]string{"hostname"}, above(m, path.Join(m.Log.Spool, "log"))...)})
	}
	if m.SSH != nil {
		// After its state's file systems, and without them where they don't come.
		add(unit.Unit{Name: "ssh-key", Needs: []string{"mounts"}, After: above(m, path.Join(m.SSH.State, "key"))})
	}
	units = append(units, shareUnits(m, do)...)
	for _, name := range sorted(m.Service) {
		needs := append([]string{"mounts"}, m.Service[name].Needs...)
		add(unit.Unit{Name: "service:" + name, Needs: needs, After: []string{"hostname", "loopback", "sysctl", "users"}})
	}
	return append(units, guestUnits(m, do)...)
}

const (
	// siteWait is the profile reference's.
	siteWait = 10 * time.Second
	// siteGrace is how much longer the unit may take than its medium is waited for.
	siteGrace = 4 * time.Second
)

// bySite returns what a unit comes after where the box's owner may change what it does.
func bySite(m *spec.Machine, name string) []string {
	if m.Site == nil {
		return nil
	}
	kind, _, _ := strings.Cut(name, ":")
	keys := map[string][]spec.SiteKey{
		"hostname": {spec.SiteHostname}, "users": {spec.SitePasswordHash, spec.SiteAuthorizedKeys},
		"link": {spec.SiteAddresses, spec.SiteVLANs}, "site-vlans": {spec.SiteVLANs},
		"clock": {spec.SiteTimeServers}, "log": {spec.SiteLogServer},
	}[kind]
	switch {
	case m.Allows(keys...):
		return []string{"site"}
	case kind == "link" && m.Allows(spec.SiteHostname):
		return []string{"hostname"} // which DHCP tells
	case kind == "mount":
		return []string{"site"} // the same file system could not be mounted both ways at a time
	}
	return nil
}

// growing is the unit that grows a partition while it is in use. No other unit waits for it, unless a
// service of the profile names it.
func growing(g *spec.Growth, do func(name string) step) []unit.Unit {
	if g == nil {
		return nil
	}
	s := do("grow")
	return []unit.Unit{{Name: "grow", Needs: []string{"mount:" + g.Mount}, Soft: true, Run: s.Run, Waiting: s.Waiting}}
}

// above returns the units of the profile's mounts that a mount point lies in.
func above(m *spec.Machine, target string) []string {
	var units []string
	for dir := path.Dir(target); dir != "/" && dir != "."; dir = path.Dir(dir) {
		if _, ok := m.Mount[dir]; ok {
			units = append(units, "mount:"+dir)
		}
	}
	return units
}

// isPattern says that a console is there only because a pattern of the profile matched it.
func isPattern(m *spec.Machine, name string) bool {
	_, named := m.Console[name]
	return !named
}

func sorted[V any](rows map[string]V) []string {
	return slices.Sorted(maps.Keys(rows))
}
