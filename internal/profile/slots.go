package profile

import (
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/slot"
)

// Slots is how many versions of the system a disk image has room for.
func (p *Profile) Slots() int {
	switch {
	case p.Disk.Slots != 0:
		return p.Disk.Slots
	case p.Update != nil:
		return 2
	}
	return 1
}

// slots checks what is for disks with two versions of a system.
func (c *crosser) slots() {
	d := c.p.Disk
	if d.Slots < 0 || d.Slots > 2 {
		c.Bad("disk.slots", "is %d; accepted: 1 or 2", d.Slots)
		return
	}
	if d.Slots == 2 && c.p.Update == nil {
		c.Of("update").Bad("disk.slots", "is 2, and nobody would ever write the second without a table [update]; accepted: 1, or such a table")
	}
	if c.p.Slots() == 1 {
		c.Of("disk.slots").Vain("disk", []string{"slot_size"}, "is for the partitions of a disk with two slots; accepted: with disk.slots = 2")
	}
	if v := string(c.p.Version); c.p.Update != nil && v != "" && slot.CheckVersion(c.p.Update.MinimumVersion) == nil && slot.Compare(v, c.p.Update.MinimumVersion) < 0 {
		c.Of("version").Bad("update.minimum_version", "%s is newer than this version, %s, which no box would take then; accepted: an older one", c.p.Update.MinimumVersion, v)
	}
	if c.p.Update == nil && c.p.Writes(FormatUpdate) {
		c.Of("update").Bad("formats", "has update, and no box of this profile takes any; accepted: a table [update], or no such format")
	}
}

// panicSeconds are how long a person has for reading what a kernel said last, on a box that goes back to another version by itself.
const panicSeconds = "10"

// restarts makes a kernel start anew after a panic, if its line says nothing of that: it would wait for ever, and with it the other slot.
func restarts(words []string) []string {
	if slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "panic=") }) {
		return words
	}
	return append(slices.Clone(words), "panic="+panicSeconds)
}
