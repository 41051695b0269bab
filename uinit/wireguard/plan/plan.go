// Package plan says what WireGuard interfaces need. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "wireguard", Tag: "nowireguard", Used: used, Units: Units, Check: check, Claims: claims, Modules: modules, Facts: facts, SiteExample: example}

func used(d *spec.Description) bool { return len(d.WireGuard) > 0 || d.Allows(spec.SiteWireGuard) }

// Units give the interfaces, which are link's, their keys and peers.
func Units(d *spec.Description) []graph.Unit {
	var units []graph.Unit
	for _, name := range graph.Names(d.WireGuard) {
		cfg := d.WireGuard[name]
		// A key on a file system that does not come is not made anew elsewhere.
		needs := append([]string{"mounts", "link:" + name}, graph.Above(&d.Machine, cfg.PrivateKeyFile.File)...)
		for _, peer := range graph.Names(cfg.Peer) {
			needs = append(needs, graph.Above(&d.Machine, cfg.Peer[peer].PresharedKeyFile.File)...)
		}
		units = append(units, graph.Unit{Unit: unit.Unit{Name: "wireguard:" + name, Needs: needs, Soft: cfg.Optional}, Reads: []spec.SiteKey{spec.SiteWireGuard}})
	}
	if d.Allows(spec.SiteWireGuard) { // those that the profile does not have
		units = append(units, graph.Unit{Unit: unit.Unit{Name: "site-wireguard", Needs: []string{"mounts", "site-tunnels"}}})
	}
	return units
}

func modules(m *spec.Machine) []spec.Want {
	if len(m.WireGuard) == 0 && !m.Allows(spec.SiteWireGuard) {
		return nil
	}
	return []spec.Want{{Module: "wireguard", Why: "wireguard"}}
}
