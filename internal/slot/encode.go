package slot

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
)

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
