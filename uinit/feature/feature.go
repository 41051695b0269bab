// Package feature is what the init's root and the features share: what a feature is, and what it is lent. A feature is a
// folder of uinit, called like its table of the profile. Its package plan is pure, and the builder's as well.
package feature

import (
	"context"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/status"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Linked is a feature as it is linked into this init.
type Linked struct {
	// Name is the folder's, and the table's.
	Name string
	// Units are the feature's part of the graph; nil where it has none.
	Units graph.Part
	// Services are programs that the feature has supervised like those of [service.*]; nil: none.
	Services func(m *spec.Machine) map[string]spec.Service
	// New makes the feature for a boot; nil where there are only programs.
	New func(d *Deps) Feature
	// Programs are the names under which the init's program file is the feature's, such as "getty", and what is done then.
	// They return an exit status.
	Programs map[string]func(args []string) int
	// Verbs are what uinitctl does itself about some of the feature's questions: it prints the answers of others line by line.
	Verbs map[string]func(args []string) int
	// Words are what a person may say to uinitctl about the feature: every verb of Verbs and of an Answerer begins one.
	Words []Word
	// Rescue makes ready what a shell before the boot needs of the feature; nil: nothing.
	Rescue func(ctx context.Context, r Rescue) error
}

// Step is the work behind a unit. Waiting says what Run waits for, and may be nil.
type Step struct {
	Run     func(context.Context) error
	Waiting func() string
}

// Feature does the work of a boot. What else one may do stands below; whoever can do it does it.
type Feature interface {
	// Step is the work behind one of the feature's units.
	Step(unit string) Step
}

// A Starter has something to do from the start, before any unit runs. It must not wait.
type Starter interface{ Start() }

// A Holder may keep units from starting for as long as a person wants (unit.Options.Hold). It must not wait.
type Holder interface {
	Hold(starting context.Context, units []unit.Unit) <-chan func(name string) bool
}

// A Settler is told when every unit has an outcome. The boot is called over when all of them have returned: two seconds are
// much.
type Settler interface{ Settled() }

// A Leaver is told that the run ends before anything is said or done of that. It must not wait.
type Leaver interface{ Leaving() }

// A Stopper has something to do when the run ends.
type Stopper interface{ Stops() []Stop }

// Stop is a step of the way down and its place there.
type Stop struct {
	Phase Phase
	power.Step
}

// An Answerer answers questions of uinitctl, by their first word.
type Answerer interface {
	Answers() map[string]status.Stream
}

// A Supervisor runs programs for as long as the machine does. Trouble says how the one behind a unit is; it is unknown for
// those that have not been started, and for other units.
type Supervisor interface {
	Trouble(unit string) (trouble error, known bool)
}

// A Reviser changes what is shown of a unit's outcome: one that did its work may still be in trouble.
type Reviser interface {
	Revise(e report.Event) report.Event
}
