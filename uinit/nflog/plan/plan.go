// Package plan says what the log of packets needs ([firewall.log]). It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "nflog", Tag: "nonflog", Used: used, Units: Units, Check: check, Facts: facts}

func used(d *spec.Description) bool { return d.Firewall != nil && len(d.Firewall.Log.Groups) > 0 }

// Units listen to the groups that rules log to; modules of the profile may be what these rules are made of.
func Units(d *spec.Description) []graph.Unit {
	if !used(d) {
		return nil
	}
	return []graph.Unit{{Unit: unit.Unit{Name: "nflog", Needs: []string{"mounts"}, After: []string{"modules", "filter"}, Soft: true}}}
}

func check(j problem.Judge, m *spec.Machine) {
	if m.Firewall == nil {
		return
	}
	if len(m.Firewall.Log.Groups) == 0 {
		j.Of("firewall.log.groups").Vain("firewall.log", []string{"rate", "burst"}, "is for records of groups, and none is listened to; accepted: with groups = [1], say")
	}
	for i, g := range m.Firewall.Log.Groups {
		if g < 0 || g > 65535 {
			j.Bad(problem.JoinIndex("firewall.log.groups", i), "is %d; accepted: 0 to 65535", g)
		}
	}
}
