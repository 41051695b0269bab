// Package plan says what network interfaces need: those of [ethernet.*], [bond.*], [vlan.*], [bridge.*] and [dummy.*], and
// the links of [wireguard.*], whose keys are not its business. It is pure, and the builder's as well.
package plan

import (
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{
	Name: "link", Parts: []graph.Option{{Tag: "nodhcp6", Used: asksDHCP6}}, Units: Units, Check: check, Modules: modules, Facts: facts, SiteExample: example,
}

// asksDHCP6 says whether some interface asks by DHCPv6, or may when a router or the box's owner says so.
func asksDHCP6(d *spec.Description) bool {
	for _, l := range d.Links() {
		if l.DHCP6 != nil && *l.DHCP6 || l.DHCP6 == nil && l.RA != nil && *l.RA {
			return true
		}
	}
	return d.Allows(spec.SiteAddresses, spec.SiteVLANs)
}

// Units bring up each interface and wait until it is online. Behind a packet filter none comes up before there are rules.
func Units(d *spec.Description) []graph.Unit {
	units := []graph.Unit{{Unit: unit.Unit{Name: "loopback"}}}
	var filter, network []string
	if d.Firewall != nil {
		filter = []string{"filter"}
	}
	after := []string{"loopback", "sysctl"}
	links := d.Links()
	for _, name := range graph.Names(links) {
		soft, port := links[name].Optional, links[name].Master != ""
		made := unit.Unit{Name: "link:" + name, Needs: filter, After: slices.Clone(after), Soft: soft}
		if d.Allows(spec.SiteHostname) {
			made.After = append(made.After, "hostname") // which DHCP tells
		}
		if e, hardware := d.Ethernet[name]; hardware && e.Match.MAC == "" && e.Match.Path == "" {
			made.After = append(made.After, "coldplug") // its interface is one of several, and drivers find them in any order
		}
		units = append(units,
			graph.Unit{Unit: made, Reads: []spec.SiteKey{spec.SiteAddresses, spec.SiteVLANs, spec.SiteWireGuard}},
			graph.Unit{Unit: unit.Unit{Name: "online:" + name, Needs: []string{"link:" + name}, Soft: soft || port}})
		if !port { // one cable fewer is what a bond is for
			network = append(network, "online:"+name)
		}
	}
	for _, added := range []struct { // what the profile does not have
		unit string
		key  spec.SiteKey
	}{{"site-vlans", spec.SiteVLANs}, {"site-tunnels", spec.SiteWireGuard}} {
		if d.Allows(added.key) {
			units = append(units, graph.Unit{Unit: unit.Unit{Name: added.unit, Needs: filter, After: after}, Reads: []spec.SiteKey{added.key}})
			network = append(network, added.unit)
		}
	}
	return append(units, graph.Unit{Unit: unit.Unit{Name: "network", Needs: network}})
}
