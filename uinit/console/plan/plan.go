// Package plan says what consoles need. It is pure, and the builder's as well.
package plan

import (
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "console", Units: named, Facts: facts}

// named are the units of terminals that the profile names. Which ones a pattern matches only the box knows.
func named(d *spec.Description) []graph.Unit {
	rows := Served(d.Console)
	for name := range rows {
		if strings.Contains(name, "*") {
			delete(rows, name)
		}
	}
	return Units(d, rows)
}

// Served are the rows that offer a login.
func Served(rows map[string]spec.Console) map[string]spec.Console {
	served := map[string]spec.Console{}
	for name, cfg := range rows {
		if cfg.Login != spec.LoginOff {
			served[name] = cfg
		}
	}
	return served
}

// Units are those of the terminals that exist, patterns expanded.
func Units(d *spec.Description, consoles map[string]spec.Console) []graph.Unit {
	var units []graph.Unit
	for _, name := range graph.Names(consoles) {
		_, named := d.Console[name] // others are there only because a pattern of the profile matched them
		// Next to nothing is needed: a prompt is most wanted where the rest went wrong. One that asks nobody needs no accounts, which
		// may wait for a medium.
		after := []string{"hostname", "users"}
		if consoles[name].Login == spec.LoginAutologin {
			after = after[:1]
		}
		units = append(units, graph.Unit{Unit: unit.Unit{Name: "console:" + name, After: after, Soft: !named, Unheld: true}})
	}
	return units
}
