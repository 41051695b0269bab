package slot

import "fmt"

// MaxTries bounds Tries: GRUB counts with one digit.
const MaxTries = 9

// Event is what happens to a slot.
type Event struct {
	Kind Kind
	// Slot that it happens to.
	Slot Name
	// Version and Hash of what is written (Begin).
	Version, Hash string
	// Tries that it gets (Wrote).
	Tries int
	// Why it failed (Fail, Back).
	Why string
}

// Kind is a kind of Event.
type Kind int

// The kinds of events. What GRUB does is none of them: where a slot is next or trying and Tries is not 0, it counts one down, calls the slot
// trying and starts it; else it starts the one called Start.
const (
	Begin  Kind = iota // something is to be written to the slot
	Wrote              // it is written, and was read back
	Came               // the init runs out of the slot
	Booted             // its boot is over
	Pass               // its checks passed
	Fail               // its checks did not, or the init crashed
	Fell               // it was to be tried, and another one runs
	Back               // a person goes back from the slot, which runs, to the other
)

// After is the record after an event. It is an error where the slot is not in a state in which that can happen, and then the record is what
// it was.
func (r Record) After(e Event) (Record, error) {
	s, old := r.Of(e.Slot), r
	wrong := func() (Record, error) {
		return old, fmt.Errorf("slot %s is %s", e.Slot, s.State)
	}
	switch e.Kind {
	case Begin:
		// What runs is never written to; nor is what the next start falls back on.
		if r.Start == e.Slot || s.State == Trying {
			return wrong()
		}
		s = Slot{State: Writing, Version: e.Version}
		r.Tries, r.Reached = 0, Nothing
	case Wrote:
		if s.State != Writing || e.Tries < 1 || e.Tries > MaxTries {
			return wrong()
		}
		s.State, r.Tries, r.Reached = Next, e.Tries, Nothing
	case Came, Booted:
		if s.State != Trying {
			return old, nil // what proved itself has nothing to report, nor what kexec started
		}
		r.Reached = map[Kind]Reached{Came: Init, Booted: Checks}[e.Kind]
	case Pass:
		if s.State != Trying {
			return wrong()
		}
		s.State, s.Why, r.Start, r.Tries, r.Reached = Good, "", e.Slot, 0, Nothing
	case Fail:
		if s.State != Trying && s.State != Next {
			return wrong()
		}
		r.leave(e.Slot)
		s.State, s.Why, r.Tries, r.Failed = Bad, e.Why, 0, e.Hash
	case Fell:
		// What proved itself falls as well, where GRUB cannot read it any more.
		if s.State != Trying && (s.State != Good || r.Start != e.Slot) {
			return wrong()
		}
		r.leave(e.Slot)
		s.State, s.Why, r.Tries, r.Failed = Bad, r.fate(s.State), 0, e.Hash
	case Back:
		other := r.Of(e.Slot.Other())
		if other.State != Good || s.State == Writing || s.State == Empty {
			return old, fmt.Errorf("slot %s, the other one, is %s", e.Slot.Other(), other.State)
		}
		s.State, s.Why, r.Start, r.Tries, r.Failed = Bad, e.Why, e.Slot.Other(), 0, e.Hash
	}
	if s.Why != "" { // the record has room for one reason
		other := r.Of(e.Slot.Other())
		other.Why = ""
		r.set(e.Slot.Other(), other)
	}
	r.set(e.Slot, s)
	return r, nil
}

// leave has the other slot start from now on, where that is good.
func (r *Record) leave(n Name) {
	if r.Start == n && r.Of(n.Other()).State == Good {
		r.Start = n.Other()
	}
}

// fate is what is known of a start that left no word.
func (r Record) fate(s State) string {
	if r.Tries > 0 || s == Good {
		return "the boot loader could not start it"
	}
	switch r.Reached {
	case Init:
		return "its last try ended after uinit had begun, before the boot was over: power cut, hang or kernel panic"
	case Checks:
		return "its last try ended while its checks ran: power cut, hang or kernel panic"
	}
	return "its last try ended before uinit began: kernel panic, hang or power cut"
}
