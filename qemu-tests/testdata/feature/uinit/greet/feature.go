// Package greet has a word for whoever asks. It exists in a test only.
package greet

import (
	"context"
	"strings"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/ctl"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/greet/plan"
	"github.com/imgbuild/imgbuild/uinit/status"
)

// Linked is the feature [greet.*].
var Linked = feature.Linked{
	Name: "greet", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return greetings{d} },
	Verbs: map[string]func([]string) int{"greet": func(args []string) int { return ctl.Follow(append([]string{"greet"}, args...)) }},
}

type greetings struct{ *feature.Deps }

// Step loads a module and states a fact.
func (g greetings) Step(unit string) feature.Step {
	name := strings.TrimPrefix(unit, "greet:")
	return feature.Step{Run: func(context.Context) error {
		if err := g.Kmod.Load("dummy"); err != nil {
			return err
		}
		m := g.Machine.Now()
		g.Facts.Fact(plan.Text.Of(name).Is(string(m.Greet[name].Text) + " from " + string(m.Hostname)))
		return nil
	}}
}

// Answers say all greetings.
func (g greetings) Answers() map[string]status.Stream {
	return map[string]status.Stream{"greet": func(_ context.Context, _ []string, send func(report.Event) error) error {
		m := g.Machine.Now()
		for _, name := range graph.Names(m.Greet) {
			feature.Asker(send).Tell("%s: %s", name, m.Greet[name].Text)
		}
		return nil
	}}
}
