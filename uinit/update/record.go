package update

import (
	"fmt"

	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/uinit/update/plan"
)

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
