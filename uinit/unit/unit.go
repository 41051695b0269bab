// Package unit runs a graph of units: each starts when what it needs is there,
// each has a deadline, and none can keep the boot from going on.
package unit

import (
	"context"
	"time"
)

// Unit is one step of a boot.
type Unit struct {
	// Name is unique: "modules", "link:lan", "mount:/srv", "service:probe".
	Name string
	// Needs names units that must have succeeded. One that failed makes this
	// unit "skipped", unless that one is Soft.
	Needs []string
	// After names units that must have an outcome, whichever it is.
	After []string
	// Timeout is when the unit counts as late. Its context ends then, and its
	// dependants go on without it where it is Soft. 0 means the graph's default.
	Timeout time.Duration
	// Soft: failing or being late does not degrade the boot.
	Soft bool
	// Waiting, where given, says what the unit waits for right now, for a person:
	// "no carrier on lan", "read /dev/random".
	Waiting func() string
	// Run does the work. A panic in it is an error of this unit alone.
	Run func(ctx context.Context) error
}

// State is where a unit stands.
//
//	pending ─▶ running ─▶ ok | failed | late
//	   └─────▶ skipped (a need failed)
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
