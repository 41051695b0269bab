// Package unit runs a graph of units: each starts when what it needs is there,
// each has a deadline, and none can keep the boot from going on.
package unit

import (
	"context"
	"errors"
	"time"
)

// ErrSkip is what Run returns (wrapped, with the reason) when the unit finds that it has
// nothing to do on this box: a console that does not exist, say. The boot is not degraded.
var ErrSkip = errors.New("nothing to do here")

// Unit is one step of a boot.
type Unit struct {
	// Name is unique: "modules", "link:lan", "mount:/srv", "service:probe".
	Name string
	// Needs names units that must have succeeded. One that failed makes this
	// unit "skipped", unless that one is Soft; one that is late keeps it waiting,
	// unless that one is Soft.
	Needs []string
	// After names units that must have an outcome, whichever it is (late is one).
	After []string
	// Timeout is when the unit counts as late. It goes on working, for a cable
	// plugged in a minute later is worth having, but the boot no longer waits for
	// it. 0 means the graph's default.
	Timeout time.Duration
	// Soft: failing or being late does not degrade the boot.
	Soft bool
	// Unheld: it starts also while a person holds the boot (Options.Hold), for that takes it: to show a menu, to check a
	// password, or to say what is the matter.
	Unheld bool
	// Waiting, where given, says what the unit waits for right now, for a person:
	// "no carrier on lan", "read /dev/random". It must not block.
	Waiting func() string
	// Run does the work. A panic in it is an error of this unit alone. Its context
	// ends with the graph's, not at the deadline.
	Run func(ctx context.Context) error
}

// State is where a unit stands.
//
//	pending ─▶ running ─▶ ok | failed | skipped (nothing to do here)
//	   │          └─────▶ late ─▶ ok | failed | skipped
//	   ├─────▶ skipped (a need failed)
//	   └─────▶ late (a need is late) ─▶ running …
type State string

// States of a unit.
const (
	Pending State = "pending"
	Running State = "running"
	OK      State = "ok"
	Failed  State = "failed"
	Late    State = "late"
	Skipped State = "skipped"
)

// Outcome is a unit's change of state.
type Outcome struct {
	Name  string
	State State
	// Err is why it failed, is late or was skipped.
	Err error
	// Soft repeats the unit's.
	Soft bool
	// Start and Took are zero until known.
	Start time.Time
	Took  time.Duration
}

// Settled says that the boot no longer waits for a unit in this state.
func (s State) Settled() bool { return s != Pending && s != Running }

// Degrades says that the outcome is one that a person should know about.
func (o Outcome) Degrades() bool { return !o.Soft && (o.State == Failed || o.State == Late) }
