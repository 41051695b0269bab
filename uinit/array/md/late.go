package md

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Late is a device with the superblock of an array that runs without it.
type Late struct {
	// Device is the array's, such as md_data.
	Device string
	Member Member
	// Why says what keeps it from joining, and what a person may do about it; "" where it may.
	Why string
}

// Spare says that it would join as one: nothing on it is of the array. Others go where they were.
func (l Late) Spare() bool { return l.Member.Super.Role() == RoleSpare || l.Member.Super.Recovering }

// Late are the members that came when their array ran already, those first that have content of it. Who may join is what the
// kernel itself would take back without writing all of it anew (super_1_validate in drivers/md/md.c), and more: the kernel asks
// only how old a member is, and not whether it was written by itself.
func (k System) Late(have State) (late []Late) {
	for _, a := range have.Running {
		of := slices.DeleteFunc(slices.Clone(have.Members), func(m Member) bool { return m.Super.UUID != a.UUID || a.UUID == UUID{} })
		if len(of) == 0 {
			continue
		}
		j := judge{array: a, bitmap: bitmap(k.Sys, a.Device)}
		if j.health, j.err = Examine(k.Sys, a.Device); j.err == nil {
			j.supers, j.err = k.inSync(j.health)
		}
		for _, m := range of {
			late = append(late, Late{Device: a.Device, Member: m, Why: j.why(m, of)})
		}
	}
	slices.SortStableFunc(late, func(a, b Late) int { return cmp.Compare(order(a), order(b)) })
	return late
}

func order(l Late) int {
	if l.Spare() {
		return 1
	}
	return 0
}

// inSync reads what the members at work say, past the cache: the driver writes it all the time.
func (k System) inSync(h Health) (supers []*Superblock, err error) {
	for _, m := range h.Members {
		if !m.Has("in_sync") || m.Has("faulty") {
			continue
		}
		found, err := look(k.Disks, m.Device)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", m.Device, err)
		}
		supers = append(supers, found.Super)
	}
	if len(supers) == 0 {
		return nil, fmt.Errorf("no member is in sync")
	}
	return supers, nil
}

// bitmap says that an array notes what was written while a member was away.
func bitmap(sys fs.FS, device string) bool {
	where := attribute(sys, device, "md/bitmap/location")
	return where != "" && where != "none"
}

// DevicePath is where a name in /sys/class/block is found in /dev.
func DevicePath(name string) string { return path.Join("/dev", strings.ReplaceAll(name, "!", "/")) }
