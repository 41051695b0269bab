// Package plan says what the power button needs. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "button", Units: Units, Modules: modules}

// Units listen to buttons, on every machine.
func Units(*spec.Description) []graph.Unit {
	return []graph.Unit{{Unit: unit.Unit{Name: "buttons", Soft: true}}}
}

// modules are those without which nobody would hear the power button.
func modules(*spec.Machine) []spec.Want {
	return []spec.Want{{Module: "button", Why: "power button", Optional: true}, {Module: "evdev", Why: "power button", Optional: true}}
}
