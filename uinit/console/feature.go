package console

import (
	"context"
	"strings"
	"sync"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/console/plan"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Linked is the feature [console.*].
var Linked = feature.Linked{
	Name:     "console",
	Units:    func(d *spec.Description) []graph.Unit { return plan.Units(d, plan.Served(thisHost.expand(d.Console))) },
	New:      func(d *feature.Deps) feature.Feature { return newConsoles(d) },
	Programs: map[string]func([]string) int{"getty": GettyMain, "login": LoginMain, "checkpassword": CheckPasswordMain},
}

// consoles offers logins, and a menu to whoever holds the boot.
type consoles struct {
	*feature.Deps
	// served are the terminals that have a unit or came up later. It is complete when the boot starts, and then serveNew's.
	served    map[string]bool
	terminals terminals
	// quiet is once a boot: who makes the kernel's consoles louder by hand is not overruled by the next login.
	// loud is what ends it.
	quiet sync.Once
	loud  func()

	host host
	// login serves a terminal, menu holds it, key is the first of some on which somebody holds the boot.
	login func(name string, row spec.Console) error
	menu  func(name string, row spec.Console, waiting func() []string) Choice
	key   func(ctx context.Context, names []string) string
}

func newConsoles(d *feature.Deps) *consoles {
	return &consoles{
		Deps: d, served: map[string]bool{}, host: thisHost,
		login: func(name string, row spec.Console) error {
			return Serve(d.Life, name, row, d.Machine.Image.Version, d.Facts.Troubles)
		},
		menu: func(name string, row spec.Console, waiting func() []string) Choice {
			return Menu(d.Life, name, row, waiting)
		},
		key: func(ctx context.Context, names []string) string { return AwaitKey(ctx, names, holdKey) },
	}
}

// Step serves the terminal behind "console:NAME".
func (c *consoles) Step(unit string) feature.Step {
	name := strings.TrimPrefix(unit, "console:")
	c.served[name] = true
	return feature.Step{Run: func(context.Context) error { return c.serve(name) }}
}

// Start watches for terminals that come up later.
func (c *consoles) Start() {
	events, stop := c.Events.Watch(nil)
	go func() {
		defer stop()
		c.serveNew(events)
	}()
}
