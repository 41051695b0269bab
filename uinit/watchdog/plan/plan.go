// Package plan says what the watchdog needs. It is pure, and the builder's as well.
package plan

import (
	"time"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "watchdog", Units: Units, Check: check, Facts: facts}

// Units start it. Coldplug brings the hardware's driver.
func Units(d *spec.Description) []graph.Unit {
	if d.Watchdog == nil {
		return nil
	}
	return []graph.Unit{{Unit: unit.Unit{Name: "watchdog", After: []string{"coldplug"}, Unheld: true}}}
}

func check(j problem.Judge, m *spec.Machine) {
	if m.Watchdog == nil {
		return
	}
	if d := time.Duration(m.Watchdog.Timeout); d < 5*time.Second || d > 10*time.Minute {
		j.Bad("watchdog.timeout", "is %s; accepted: 5s to 10m", m.Watchdog.Timeout)
	}
}
