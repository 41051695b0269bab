// Package button turns the machine's power button into an orderly stop.
package button

import (
	"context"

	"github.com/imgbuild/imgbuild/uinit/button/plan"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/power"
)

// Linked is the feature; it has no table.
var Linked = feature.Linked{Name: "button", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return listener{d} }}

type listener struct{ *feature.Deps }

// Step is the work behind "buttons".
func (l listener) Step(string) feature.Step { return feature.Step{Run: l.listen} }

func (l listener) listen(context.Context) error {
	events, stop := l.Events.Watch(nil)
	go func() {
		defer stop()
		watch(l.Life, events, func(device string) {
			l.Log.Info("power button on " + device)
			_ = power.Request(power.PowerOff)
		})
	}()
	return nil
}
