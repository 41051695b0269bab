package md

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Health is how an array that runs is (Documentation/admin-guide/md.rst).
type Health struct {
	Device string
	// Slots is how many active members it is made for; Missing are slots without one in sync.
	Slots   int
	Missing []int
	// Members by their slot (-1 for a spare, and for a journal: these come last), with state: in_sync, spare, journal, faulty …
	Members []MemberHealth
	// Broken says that data cannot be read or written any more.
	Broken bool
	// Action is what goes on: idle, recover (a rebuild), resync, check, repair, reshape.
	Action string
	// Done and Total are sectors of that action, Speed its KiB per second; all 0 where nothing is known.
	Done, Total uint64
	Speed       uint64
	// Mismatches is how many sectors the last check found to differ.
	Mismatches uint64
}

// MemberHealth is a device in an array that runs.
type MemberHealth struct {
	Device string
	Slot   int
	State  string
}

// Has says whether a word is among those of the state.
func (m MemberHealth) Has(word string) bool {
	return slices.Contains(strings.Split(m.State, ","), word)
}

// Place is the slot in words.
func (m MemberHealth) Place() string {
	if m.Has("journal") {
		return "journal"
	}
	if m.Slot < 0 {
		return "no slot"
	}
	return fmt.Sprintf("slot %d", m.Slot)
}

// Condition is the state in the driver's words, but for one that would mislead: it calls a member a spare
// until its content is whole.
func (m MemberHealth) Condition() string {
	if m.Slot >= 0 && m.State == "spare" {
		return "being filled"
	}
	return strings.TrimSuffix(m.State, ",blocked") // for the moment that the superblocks take
}

// Examine reads how an array is.
func Examine(sys fs.FS, device string) (Health, error) {
	h := Health{Device: device}
	state, err := fs.ReadFile(sys, path.Join("class/block", device, "md/array_state"))
	if err != nil {
		return h, fmt.Errorf("examining array %s: %w", device, err)
	}
	number := func(file string) uint64 {
		n, _ := strconv.ParseUint(attribute(sys, device, "md/"+file), 10, 64)
		return n
	}
	h.Slots, h.Mismatches = int(number("raid_disks")), number("mismatch_cnt")
	h.Broken = slices.Contains([]string{"broken", "clear", "inactive"}, strings.TrimSpace(string(state)))
	h.Action = attribute(sys, device, "md/sync_action")
	if done, total, ok := strings.Cut(attribute(sys, device, "md/sync_completed"), " / "); ok {
		h.Done, _ = strconv.ParseUint(done, 10, 64)
		h.Total, _ = strconv.ParseUint(total, 10, 64)
		h.Speed = number("sync_speed")
	}
	filled := map[int]bool{}
	entries, _ := fs.ReadDir(sys, path.Join("class/block", device, "md"))
	for _, e := range entries {
		member, ok := strings.CutPrefix(e.Name(), "dev-")
		if !ok {
			continue
		}
		m := MemberHealth{Device: member, Slot: -1, State: attribute(sys, device, "md/"+e.Name()+"/state")}
		if slot, err := strconv.Atoi(attribute(sys, device, "md/"+e.Name()+"/slot")); err == nil {
			m.Slot = slot
		}
		if m.Slot >= 0 && !m.Has("faulty") && m.Has("in_sync") {
			filled[m.Slot] = true
		}
		h.Members = append(h.Members, m)
	}
	slices.SortStableFunc(h.Members, func(a, b MemberHealth) int { return cmp.Compare(uint(a.Slot), uint(b.Slot)) })
	for slot := range h.Slots {
		if !filled[slot] {
			h.Missing = append(h.Missing, slot)
		}
	}
	return h, nil
}

// State is one word: ok, degraded, rebuilding or failed.
func (h Health) State() string {
	switch {
	case h.Broken:
		return "failed"
	case len(h.Missing) > len(h.Empty()) && h.Action == "recover": // which it says for a moment also where nobody is to be filled
		return "rebuilding"
	case len(h.Missing) > 0:
		return "degraded"
	}
	return "ok"
}

// Percent is how far the action has come.
func (h Health) Percent() float64 {
	if h.Total == 0 {
		return 0
	}
	return 100 * float64(h.Done) / float64(h.Total)
}

// Left is how long the action will take at the speed it has now; 0 where nobody knows.
func (h Health) Left() time.Duration {
	if h.Speed == 0 || h.Done > h.Total {
		return 0
	}
	return time.Duration((h.Total - h.Done) / 2 / h.Speed * uint64(time.Second))
}

// Empty are the slots that nobody is in, not even one who is being filled.
func (h Health) Empty() (slots []int) {
	for _, slot := range h.Missing {
		if !slices.ContainsFunc(h.Members, func(m MemberHealth) bool { return m.Slot == slot && !m.Has("faulty") }) {
			slots = append(slots, slot)
		}
	}
	return slots
}

// String is a line for people that stays true while work goes on.
func (h Health) String() string {
	if lack := h.Lack(); lack != "" {
		return h.State() + ": " + lack
	}
	return h.State()
}

// Lack says which members are missing; "" where none is.
func (h Health) Lack() string {
	if len(h.Missing) == 0 {
		return ""
	}
	return fmt.Sprintf("%s of %d not in sync", slotWords(slices.Clone(h.Missing)), h.Slots)
}

// doing are the driver's actions in words; with nobody missing, what it recovers is a replacement.
var doing = map[string]string{"recover": "replacing", "resync": "resyncing", "check": "checking", "repair": "repairing", "reshape": "reshaping"}

// Progress is how far the work on an array has come, "" where there is none: replacing 12.3 % at 96 MiB/s, 3m20s left.
func (h Health) Progress() string {
	if h.Action == "" || h.Action == "idle" {
		return ""
	}
	text := doing[h.Action]
	switch {
	case h.State() == "rebuilding":
		text = "rebuilding"
	case h.Action == "recover" && len(h.Missing) > 0:
		text = "recovering"
	}
	if text == "" {
		text = h.Action
	}
	if h.Total > 0 {
		rate := fmt.Sprintf("%d KiB/s", h.Speed)
		if h.Speed >= 10<<10 {
			rate = fmt.Sprintf("%d MiB/s", h.Speed>>10)
		}
		text += fmt.Sprintf(" %.1f %% at %s", h.Percent(), rate)
	}
	if left := h.Left(); left >= time.Hour {
		text += strings.TrimSuffix(", "+left.Round(time.Minute).String(), "0s") + " left"
	} else if left > 0 {
		text += ", " + left.Round(time.Second).String() + " left"
	}
	return text
}

// DropLost tells the driver of members whose disks were pulled: without a write to them it would
// not notice. It returns all that it still had, those that it had noticed among them.
func DropLost(sys fs.FS, device string) (dropped []string) { return dropLost(sys, device, put) }

func dropLost(sys fs.FS, device string, put func(file, text string) error) (dropped []string) {
	entries, _ := fs.ReadDir(sys, path.Join("class/block", device, "md"))
	for _, e := range entries {
		member, ok := strings.CutPrefix(e.Name(), "dev-")
		if !ok {
			continue
		}
		if _, err := fs.Stat(sys, path.Join("class/block", member)); err == nil {
			continue
		}
		state := path.Join("/sys/block", device, "md", e.Name(), "state")
		// The first is refused where it has failed already, the second while somebody waits for it.
		_ = put(state, "faulty")
		_ = put(state, "remove")
		dropped = append(dropped, member)
	}
	return dropped
}
