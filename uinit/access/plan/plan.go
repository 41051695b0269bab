// Package plan says what accounts need. It is pure, and the builder's as well.
package plan

import (
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "access", Units: Units, Modules: modules, Facts: facts}

// Units set what the image does not say. A prompt that appears before root's password is set would turn its owner away, so
// consoles come after this, and it may not take long.
func Units(*spec.Description) []graph.Unit {
	return []graph.Unit{{
		Unit:  unit.Unit{Name: "users", Timeout: 3 * time.Second, Unheld: true},
		Reads: []spec.SiteKey{spec.SitePasswordHash, spec.SiteAuthorizedKeys},
	}}
}

func modules(m *spec.Machine) []spec.Want {
	if !m.Access.HostPassword {
		return nil
	}
	return []spec.Want{{Module: "qemu_fw_cfg", Why: "access.host_password", Optional: true}}
}
