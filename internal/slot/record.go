package slot

// RecordSize is that of a copy of the record in bytes, a sector: a disk writes all of it or nothing.
const RecordSize = 512

// RecordFormat is the number of what a record means. A reader of a lower one starts slots by it all the same, and writes none.
const RecordFormat = 1

// RecordCopies are where the copies lie in their partition, in bytes. The partition is a tar archive, for GRUB writes to files only:
// "record", then zeros called "apart", which keep the copies out of one block of a disk, then "copy".
var RecordCopies = [2]int64{512, 64 << 10}

// Record is what a disk remembers of its slots.
type Record struct {
	// Number counts the writes. Of two copies the one with the greater number counts.
	Number uint32
	// Start is the slot that starts when none is to be tried: the last one that proved itself.
	Start Name
	// Slots are A and B.
	Slots [2]Slot
	// Tries are the starts that the slot which is tried still has. GRUB counts them down, before it starts it.
	Tries int
	// Reached is how far the last try has come.
	Reached Reached
	// Failed is the hash of the manifest that failed last (Hash): it is not tried again unless a person says so.
	Failed string
	// others are lines that a later version wrote, which are kept.
	others []string
	format int
}

// Slot is one of them.
type Slot struct {
	State State
	// Version of what is in it.
	Version string
	// Why it is bad, in a line.
	Why string
}

// Reached is how far a try has come.
type Reached string

// What a try reaches, one after the other.
const (
	Nothing   Reached = ""       // GRUB started it, and nothing was heard since
	Init      Reached = "uinit"  // the init runs
	Checks    Reached = "checks" // the boot is over, and the checks are run
	maxText           = 150      // of a reason, in bytes
	maxWord           = 40       // of a version
	sparePart         = 16       // of filling, so that GRUB can write a longer word
)

// Of is what a record says of a slot.
func (r *Record) Of(n Name) Slot { return *r.slot(n) }

func (r *Record) slot(n Name) *Slot { return &r.Slots[n.index()] }

// Tried is the slot that the next start tries.
func (r *Record) Tried() (Name, bool) {
	for _, n := range Names {
		if s := r.slot(n).State; (s == Next || s == Trying) && r.Tries > 0 {
			return n, true
		}
	}
	return "", false
}

// Rebuilt is a record in place of one that cannot be read: what runs has to prove itself.
func Rebuilt(running Name, version string, other Slot) Record {
	r := Record{Start: running, Tries: 1, Reached: Init}
	*r.slot(running), *r.slot(running.Other()) = Slot{State: Trying, Version: version}, other
	return r
}

// Same says whether two records say the same.
func (r *Record) Same(o *Record) bool {
	return r.Start == o.Start && r.Slots == o.Slots && r.Tries == o.Tries && r.Reached == o.Reached && r.Failed == o.Failed
}
