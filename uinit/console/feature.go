package console

import (
	"context"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/console/plan"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Linked is the feature [console.*].
var Linked = feature.Linked{
	Name:  "console",
	Units: func(d *spec.Description) []graph.Unit { return plan.Units(d, plan.Served(Expand(d.Console))) },
	New: func(d *feature.Deps) feature.Feature {
		return &consoles{Deps: d, served: map[string]bool{}}
	},
	Programs: map[string]func([]string) int{"getty": GettyMain, "login": LoginMain, "checkpassword": CheckPasswordMain},
}

// consoles offers logins, and a menu to whoever holds the boot.
type consoles struct {
	*feature.Deps
	// served are the terminals that have a unit or came up later. It is complete when the boot starts, and then serveNew's.
	served    map[string]bool
	terminals terminals
}

// Step serves the terminal behind "console:NAME".
func (c *consoles) Step(unit string) feature.Step {
	name := strings.TrimPrefix(unit, "console:")
	c.served[name] = true
	return feature.Step{Run: func(context.Context) error { return c.serve(name) }}
}

// Start watches for terminals that come up later.
func (c *consoles) Start() {
	events, stop := c.Events.Watch()
	go func() {
		defer stop()
		c.serveNew(events)
	}()
}
