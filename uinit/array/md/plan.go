package md

import (
	"fmt"
	"maps"
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Action is what is to become of an array.
type Action string

// What can become of an array.
const (
	// Start it now with Op.Members.
	Start Action = "start"
	// Wait for members that may still come up.
	Wait Action = "wait"
	// Refuse: a person has to look, with mdadm.
	Refuse Action = "refuse"
	// Keep: it runs already.
	Keep Action = "keep"
)

// Op is what is to become of a row's array, and why.
type Op struct {
	Array  string
	Action Action
	// Device is what runs, or will: such as md_data.
	Device string
	// Members to start it with, the freshest first; spares come last.
	Members []Member
	// Dirty asks the driver to start it although parity may be wrong.
	Dirty bool
	// Reason tells why it waits or is refused, or starts degraded; it names disks.
	Reason string
	// Left are devices that claim to belong to it and are not used, each with the reason.
	Left []string
}

// Machine is what planning needs of the box.
type Machine struct {
	// Host is its name.
	Host string
	// Arrays are the profile's.
	Arrays map[string]spec.Array
	// Waited are the arrays that have waited for members for as long as they may.
	Waited map[string]bool
}

// Decide says what becomes of one row's array. It starts no array that is in doubt: of two halves that
// were written apart, with a reshape under way, or with parts that this code does not know.
func Decide(name string, want Machine, have State) Op {
	cfg := want.Arrays[name]
	op := Op{Array: name, Device: DeviceName(name)}
	refuse := func(format string, args ...any) Op {
		op.Action, op.Reason = Refuse, fmt.Sprintf(format, args...)
		return op
	}
	members, problem := claim(name, cfg, want.Host, have)
	if problem != "" {
		return refuse("%s", problem)
	}
	for _, a := range have.Running {
		if cfg.Match.UUID != "" && a.UUID.String() == string(cfg.Match.UUID) || len(members) > 0 && a.UUID == members[0].Super.UUID || a.Device == DeviceName(name) {
			op.Action, op.Device = Keep, a.Device
			return op
		}
	}
	if len(members) == 0 {
		op.Action, op.Reason = Wait, "no member is there"
		op.Reason += unreadable(have)
		return op
	}
	set, problem := gather(members)
	op.Left = set.left
	if problem == "" {
		problem = set.unfit(cfg)
	}
	if problem != "" {
		return refuse("%s", problem)
	}
	op = set.decide(op, cfg, want.Waited[name])
	if op.Action == Wait {
		op.Reason += unreadable(have)
	}
	return op
}

// Claimed are the devices of arrays that run or that rows mean, by name: members that wait, and members at work.
func Claimed(want Machine, have State) (devices []string) {
	ours := claimed(want, have)
	for _, a := range have.Running {
		ours[a.UUID] = true
		devices = append(devices, a.Members...)
	}
	for _, m := range have.Members {
		if ours[m.Super.UUID] {
			devices = append(devices, m.Device)
		}
	}
	return devices
}

func claimed(want Machine, have State) map[UUID]bool {
	ours := map[UUID]bool{}
	for name, cfg := range want.Arrays {
		for _, m := range have.Members {
			ours[m.Super.UUID] = ours[m.Super.UUID] || answers(name, cfg.Match, m) || identified(cfg, m)
		}
	}
	return ours
}

// Unclaimed are devices with superblocks of arrays that no row means. Nobody starts them, and somebody may
// wonder where half of a mirror is.
func Unclaimed(want Machine, have State) []string {
	ours, list := claimed(want, have), []string{}
	for _, m := range have.Members {
		if !ours[m.Super.UUID] {
			list = append(list, m.String()+" of "+m.Super.Name)
		}
	}
	return list
}

// unreadable are devices that may be what is missing.
func unreadable(have State) (text string) {
	for _, device := range slices.Sorted(maps.Keys(have.Unreadable)) {
		text += fmt.Sprintf("; %s: %v", device, have.Unreadable[device])
	}
	return text
}

// decide starts, waits or refuses by which slots are there.
func (s *set) decide(op Op, cfg spec.Array, waited bool) Op {
	ref := s.freshest.Super
	var absent []int // slots that may still come up
	var gone []int   // slots whose device is stale or has failed
	for slot := range ref.Slots {
		switch {
		case s.slots[slot] != nil:
		case s.listed(slot) && !s.stale[slot]:
			absent = append(absent, slot)
		default:
			gone = append(gone, slot)
		}
	}
	can := enough(ref, s.inSync, ref.Clean)
	dirty := !can && enough(ref, s.inSync, true)
	op.Members = s.members()
	if len(absent)+len(gone) > 0 {
		op.Reason = "without " + slotWords(append(slices.Clone(gone), absent...)) + " of " + fmt.Sprint(ref.Slots)
		for _, left := range op.Left {
			op.Reason += "; " + left
		}
	}
	switch {
	case len(absent) > 0 && (!waited || !can && !dirty):
		op.Action = Wait
		op.Reason = fmt.Sprintf("%s not there, %d of %d are: %s", slotWords(absent), len(s.slots), ref.Slots, names(op.Members))
	case can:
		op.Action = Start
	case dirty && cfg.StartDirtyDegraded:
		op.Action, op.Dirty = Start, true
	case dirty:
		op.Action = Refuse
		op.Reason = fmt.Sprintf("writes were under way when it stopped, and now members are missing (%s); start_dirty_degraded = true or \"mdadm --assemble --force\" starts it: %s", op.Reason, names(op.Members))
	default:
		op.Action = Refuse
		op.Reason = fmt.Sprintf("too few members: %s; there are %s", op.Reason, names(op.Members))
	}
	return op
}

func slotWords(slots []int) string {
	slices.Sort(slots)
	word := "slot"
	if len(slots) > 1 {
		word = "slots"
	}
	for i, slot := range slots {
		if i > 0 {
			word += ","
		}
		word += fmt.Sprintf(" %d", slot)
	}
	return word
}
