package slot

import "fmt"

// MaxTries bounds Tries: GRUB counts with one digit.
const MaxTries = 9

// Event is what happens to a slot.
type Event struct {
	Kind Kind
	// Slot that it happens to.
	Slot Name
	// Version of what is written (Begin).
	Version string
	// Hash of the manifest that failed, as Hash gives it (Fail, Fell, Back).
	Hash string
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

// Apply has an event happen. It is an error where the slot is not in a state in which that can be, and then nothing is changed.
func (r *Record) Apply(e Event) error {
	s, other := r.slot(e.Slot), r.slot(e.Slot.Other())
	next, why := Bad, e.Why
	possible := true
	switch e.Kind {
	case Begin:
		// What runs is never written to; nor is what the next start falls back on.
		possible, next = r.Start != e.Slot && s.State != Trying, Writing
	case Wrote:
		possible, next = s.State == Writing && e.Tries > 0 && e.Tries <= MaxTries, Next
	case Came, Booted:
		if s.State == Trying { // what proved itself has nothing to report, nor what kexec started
			r.Reached = map[Kind]Reached{Came: Init, Booted: Checks}[e.Kind]
		}
		return nil
	case Pass:
		possible, next = s.State == Trying, Good
	case Fail:
		possible = s.State == Trying || s.State == Next
	case Fell:
		// What proved itself falls as well, where GRUB cannot read it any more.
		possible, why = s.State == Trying || s.State == Good && r.Start == e.Slot, r.fate(s.State)
	case Back:
		if other.State != Good {
			return fmt.Errorf("there is no version to go back to: slot %s, the other one, is %s", e.Slot.Other(), other.State)
		}
		possible = s.State != Writing && s.State != Empty
	}
	if !possible {
		return fmt.Errorf("slot %s is %s", e.Slot, s.State)
	}
	s.State, s.Why, r.Tries, r.Reached = next, "", e.Tries, Nothing
	switch next {
	case Writing:
		s.Version = e.Version
	case Good:
		r.Start = e.Slot
	case Bad:
		s.Why, other.Why, r.Failed = why, "", e.Hash // the record has room for one reason
		if r.Start == e.Slot && other.State == Good {
			r.Start = e.Slot.Other()
		}
	}
	return nil
}

// fate is what is known of a start that left no word.
func (r *Record) fate(s State) string {
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
