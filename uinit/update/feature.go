// Package update takes new versions of the box: it writes them to the slot that does not run, proves the one that is tried by the box's own
// checks, and goes back from one that fails (package slot, docs/update.md).
package update

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/uinit/beside"
	"github.com/imgbuild/imgbuild/uinit/ctl"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/status"
	"github.com/imgbuild/imgbuild/uinit/unit"
	"github.com/imgbuild/imgbuild/uinit/update/plan"
)

// Linked is the feature [update].
var Linked = feature.Linked{
	Name: "update", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return newUpdater(d) },
	Words: words,
	Verbs: map[string]func(args []string) int{
		"update": func(args []string) int { return ctl.Follow(append([]string{"update"}, args...)) },
	},
}

type updater struct {
	*feature.Deps
	fetcher, verifier *beside.Program

	turn turn
	// on is nil where the box was not started from a slot; book is the record of its disk.
	on   *disk
	book *book
	// passedOver is the hash of a version that was next already as the init began: the boot loader did not try it.
	passedOver string
	// ready is closed when the unit is done, for better or worse.
	ready chan struct{}
	// now asks the source at once.
	now chan struct{}
	// trust says whose signature of a manifest it is, and reboot restarts the box.
	trust  func(ctx context.Context, manifest, signature []byte) (signer string, err error)
	reboot func() error
	// prover is the program that runs the checks.
	prover string
	// proverGrace is what it may take beyond the time of its checks.
	proverGrace time.Duration
}

func newUpdater(d *feature.Deps) *updater {
	u := &updater{Deps: d, fetcher: &beside.Program{Connects: true}, verifier: &beside.Program{}, ready: make(chan struct{}), now: make(chan struct{}, 1)}
	u.prover, u.proverGrace = "/bin/"+plan.Prover, time.Minute
	u.trust, u.reboot = u.verified, func() error { return power.Request(power.Reboot) }
	d.Programs.AddBeside(fetcherName, u.fetcher)
	d.Programs.AddBeside(verifierName, u.verifier)
	return u
}

// Step is the work behind "update".
func (u *updater) Step(string) feature.Step {
	return feature.Step{Run: func(ctx context.Context) error {
		defer close(u.ready)
		return u.begin(ctx)
	}}
}

// Answers are those of uinitctl.
func (u *updater) Answers() map[string]status.Stream {
	return map[string]status.Stream{"update": u.answer}
}

// begin finds the disk, and notes in its record how far this start has come.
func (u *updater) begin(ctx context.Context) error {
	word, given := u.Machine.Line.Get(slot.Param)
	cfg := u.Machine.Image.Slots
	if !given || cfg == nil {
		return fmt.Errorf("not started from a slot, so there is none to write a version to: %w", unit.ErrSkip)
	}
	running, err := slot.Parse(word)
	if err != nil {
		return fmt.Errorf("reading %s of the kernel line: %w", slot.Param, err)
	}
	ctx, cancel := context.WithTimeout(ctx, plan.DiskTimeout)
	defer cancel()
	on, err := u.awaitDisk(ctx, cfg, running)
	if err != nil {
		if ctx.Err() != nil {
			err = errors.New("the disk that it lies on is not there")
		}
		return fmt.Errorf("looking for slot %s: %w", running, err)
	}
	if u.book, err = openBook(on.record); err != nil {
		return err
	}
	u.on = on
	u.Facts.Fact(plan.Slot.Is(string(running)))
	r, err := u.settleRecord()
	if err != nil {
		return err
	}
	u.tell(r)
	return nil
}

// settleRecord notes what this start means for the slots.
func (u *updater) settleRecord() (*slot.Record, error) {
	r, _, err := u.book.read()
	own, other := u.on.running, u.on.other()
	switch state := r.Of(other).State; {
	case err != nil:
		u.Log.Error(fmt.Sprintf("update: %v; it is written anew", err))
		r = u.rebuilt()
		if err := u.book.write(&r); err != nil {
			return nil, err
		}
	case state == slot.Trying, state == slot.Good && r.Start == other && r.Of(own).State == slot.Good:
		// It was to start, and did not.
		_, hash, _ := u.on.head(other)
		if _, err := u.book.change(slot.Event{Kind: slot.Fell, Slot: other, Hash: hash}); err != nil {
			return nil, err
		}
	}
	if r.Of(other).State == slot.Next {
		_, u.passedOver, _ = u.on.head(other)
	}
	return u.book.change(slot.Event{Kind: slot.Came, Slot: own})
}

// rebuilt is a record in place of one that cannot be read: what runs has to prove itself, and what is whole in the other slot was good once.
func (u *updater) rebuilt() slot.Record {
	other := slot.Slot{State: slot.Bad, Why: "the record of slots was damaged, and so is this slot"}
	if m, text, err := u.on.text(u.on.other()); err == nil && verify(u.Life, u.on.slots[u.on.other()], text, m) == nil {
		other = slot.Slot{State: slot.Good, Version: m.Version}
	}
	return slot.Rebuilt(u.on.running, u.Machine.Image.Version, other)
}

// tell makes known how the slots are.
func (u *updater) tell(r *slot.Record) {
	own, other := r.Of(u.on.running), r.Of(u.on.other())
	u.Facts.Fact(plan.State.Is(string(own.State)))
	u.Facts.Fact(plan.Other.Is(string(other.State)))
	u.Facts.Fact(plan.OtherIs.Is(other.Version))
	text := failure(r, u.on.running)
	u.Facts.Fact(plan.Failed.Is(text))
	u.Facts.Note("update", text)
	if text != "" {
		u.Log.Error("update: " + text)
	}
}

// failure says in a line which version failed and what runs now; empty where none did.
func failure(r *slot.Record, running slot.Name) string {
	own, other := r.Of(running), r.Of(running.Other())
	switch {
	case own.State == slot.Bad && other.State == slot.Bad:
		return fmt.Sprintf("neither version is good: %s in slot %s and %s in slot %s; %s", own.Version, running, other.Version, running.Other(), cause(own, other))
	case own.State == slot.Bad:
		return fmt.Sprintf("%s failed: %s", own.Version, own.Why)
	case other.State == slot.Bad && other.Why != "":
		return fmt.Sprintf("%s failed: %s; back on %s", other.Version, other.Why, own.Version)
	}
	return ""
}

// cause is the reason that the record has kept of the two.
func cause(own, other slot.Slot) string {
	if own.Why != "" {
		return own.Version + ": " + own.Why
	}
	return other.Version + ": " + other.Why
}

// doing makes known what is under way; empty: nothing.
func (u *updater) doing(format string, args ...any) {
	u.Facts.Fact(plan.Doing.Is(fmt.Sprintf(format, args...)))
}

// restartPause is how long what is logged may take to reach its server before the box goes back.
const restartPause = 2 * time.Second
