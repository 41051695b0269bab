package slot

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"
)

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
	// Failed is the hash of the manifest that failed last (Manifest.Hash): it is not tried again unless a person says so.
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

// signature begins each block of GRUB's environment (include/grub/lib/envblk.h).
const signature = "# GRUB Environment Block\n"

// lines are the record's, but for the sum.
func (r *Record) lines() []string {
	lines := []string{
		"imgbuild=" + strconv.Itoa(max(r.format, RecordFormat)),
		"start=" + string(r.Start),
		"a=" + string(r.Slots[0].State),
		"b=" + string(r.Slots[1].State),
		"tries=" + strconv.Itoa(r.Tries),
		"number=" + strconv.FormatUint(uint64(r.Number), 10),
		"reached=" + string(r.Reached),
		"failed=" + r.Failed,
	}
	for i, n := range Names {
		lines = append(lines, string(n)+"_version="+clip(r.Slots[i].Version, maxWord))
	}
	// One reason at a time: the sector has no room for two, and only one slot can have failed last.
	for i, n := range Names {
		if why := r.Slots[i].Why; why != "" {
			lines = append(lines, string(n)+"_why="+clip(why, maxText))
			break
		}
	}
	return append(lines, r.others...)
}

// Encode writes a record as a block of GRUB's environment. Errors say that it has no room.
func (r *Record) Encode() ([]byte, error) {
	lines := r.lines()
	text := signature + strings.Join(append(lines, "sum="+sum(lines)), "\n") + "\n"
	if len(text)+sparePart > RecordSize {
		return nil, fmt.Errorf("writing the record of slots: it has %d bytes, and there is room for %d", len(text), RecordSize-sparePart)
	}
	return append([]byte(text), bytes.Repeat([]byte("#"), RecordSize-len(text))...), nil
}

// sum is a check of all that GRUB does not change: it counts tries down, and turns next into trying.
func sum(lines []string) string {
	c := crc32.NewIEEE()
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		switch {
		case name == "tries":
			value = ""
		case (name == "a" || name == "b") && value == string(Trying):
			value = string(Next)
		}
		fmt.Fprintf(c, "%s=%s\n", name, value)
	}
	return fmt.Sprintf("%08x", c.Sum32())
}

// errDamaged says that a copy is none that was written whole.
var errDamaged = errors.New("it is damaged")

// plain says whether a line means the same to GRUB, which takes a backslash for an escape, ends a name at "=" alone and text at a zero,
// and skips what begins with "#" (grub_envblk_iterate in its lib/envblk.c).
func plain(line string) bool {
	return line != "" && line[0] != '#' && line[0] != '=' && !strings.ContainsFunc(line, func(c rune) bool { return c < ' ' || c > '~' || c == '\\' })
}

// Decode reads a copy of the record. It is damaged, too, where GRUB could read anything else out of it, which the sum does not keep it from.
func Decode(block []byte) (r Record, err error) {
	text, ok := bytes.CutPrefix(block, []byte(signature))
	if !ok || len(block) != RecordSize {
		return r, errDamaged
	}
	var lines []string
	given, seen := "", map[string]bool{}
	for line := range strings.Lines(string(bytes.TrimRight(text, "#"))) {
		line, whole := strings.CutSuffix(line, "\n")
		name, value, pair := strings.Cut(line, "=")
		if !whole || !pair || seen[name] || !plain(line) {
			return r, errDamaged
		}
		seen[name] = true
		if name == "sum" {
			given = value
			continue
		}
		lines = append(lines, line)
		r.take(name, value, line)
	}
	if given != sum(lines) || !slices.Contains(States, r.Slots[0].State) || !slices.Contains(States, r.Slots[1].State) ||
		r.Start != A && r.Start != B || r.Tries < 0 || !seen["tries"] {
		return r, errDamaged
	}
	return r, nil
}

func (r *Record) take(name, value, line string) {
	switch name {
	case "imgbuild":
		r.format, _ = strconv.Atoi(value)
	case "start":
		r.Start = Name(value)
	case "a", "b":
		r.Slots[Name(name).index()].State = State(value)
	case "a_version", "b_version":
		r.Slots[Name(name[:1]).index()].Version = value
	case "a_why", "b_why":
		r.Slots[Name(name[:1]).index()].Why = value
	case "tries":
		r.Tries = -1
		if len(value) == 1 && value[0] >= '0' && value[0]-'0' <= MaxTries { // one digit, as GRUB counts
			r.Tries = int(value[0] - '0')
		}
	case "number":
		n, _ := strconv.ParseUint(value, 10, 32)
		r.Number = uint32(n)
	case "reached":
		r.Reached = Reached(value)
	case "failed":
		r.Failed = value
	default:
		r.others = append(r.others, line)
	}
}

// Read reads the record out of its partition. Of two whole copies the one that was written later counts; whole says whether both are,
// and equal in number.
func Read(partition io.ReaderAt) (r Record, whole bool, err error) {
	var found []Record
	var failed []error
	for _, at := range RecordCopies {
		block := make([]byte, RecordSize)
		_, err := partition.ReadAt(block, at)
		var copied Record
		if err == nil {
			copied, err = Decode(block)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("reading the record of slots at byte %d: %w", at, err))
			continue
		}
		found = append(found, copied)
	}
	switch {
	case len(found) == 0:
		return r, false, errors.Join(failed...)
	case len(found) == 1:
		return found[0], false, nil
	case later(&found[1], &found[0]):
		return found[1], false, nil
	}
	return found[0], found[0].Number == found[1].Number, nil
}

// later says whether a was written after b. GRUB counts tries in the copy that it reads, and does not number what it writes.
func later(a, b *Record) bool {
	if a.Number != b.Number {
		return int32(a.Number-b.Number) > 0
	}
	return a.Tries < b.Tries
}

// Write writes both copies of the record, one after the other, with a number above the last one's. sync returns when what was written
// is on the disk. One of the copies is whole at any time.
func Write(partition io.WriterAt, sync func() error, r *Record) error {
	if r.format > RecordFormat {
		return fmt.Errorf("writing the record of slots: it has format %d, which a later version wrote, and this one knows %d", r.format, RecordFormat)
	}
	r.Number++
	block, err := r.Encode()
	if err != nil {
		return err
	}
	for _, at := range RecordCopies {
		if _, err := partition.WriteAt(block, at); err != nil {
			return fmt.Errorf("writing the record of slots: %w", err)
		}
		if err := sync(); err != nil {
			return fmt.Errorf("writing the record of slots: %w", err)
		}
	}
	return nil
}

// clip makes a text fit a line of the record: ASCII, no backslash, which GRUB's blocks escape with, and no longer than max bytes.
func clip(s string, most int) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\\':
			return '/'
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, s)
	if len(s) > most {
		s = s[:most-3] + "..."
	}
	return s
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
