package array

import (
	"fmt"
	"slices"

	"github.com/imgbuild/imgbuild/uinit/array/md"
)

// exchange is what has to be done so that a disk takes another one's place, in this order; each is the name of a device, or "".
type exchange struct {
	// remove is the old member, which does not work.
	remove string
	// add is the new one, if it is no member yet.
	add string
	// stays is the old one where it works and another one is missing.
	stays string
	// replace is the old one where it works: it gives its content before it goes, so that the array is whole all the time.
	replace string
	// with is the new one.
	with string
}

// planExchange says what has to be done. was is the old member, nil where it is gone already; target is the new one.
func planExchange(h md.Health, was *md.MemberHealth, old, target string) (exchange, error) {
	steps := exchange{with: target}
	if was != nil && was.Has("journal") {
		return steps, fmt.Errorf("%s is its journal, which is left to mdadm (--add-journal)", old)
	}
	sound := was != nil && was.Has("in_sync") && !was.Has("faulty")
	// One that the driver dropped may be used again, once it is out and blank.
	already := slices.ContainsFunc(h.Members, func(m md.MemberHealth) bool { return m.Device == target && !m.Has("faulty") })
	if !already {
		if !sound && len(h.Missing) == 0 {
			return steps, fmt.Errorf("%s is not in it, and nobody is missing", old)
		}
		if was != nil && !sound {
			steps.remove = was.Device
		}
		steps.add = target
	}
	switch {
	case sound && len(h.Missing) > 0:
		steps.stays = was.Device
	case sound && was.Device != target && !was.Has("want_replacement"): // after a reboot in the middle it is still at that
		steps.replace = was.Device
	}
	return steps, nil
}

// oldMember finds a member by its name. That of a whole disk stands for its partition in this array; disk tells the disk of a
// partition.
func oldMember(h md.Health, old string, disk func(member string) string) *md.MemberHealth {
	i := slices.IndexFunc(h.Members, func(m md.MemberHealth) bool { return m.Device == old })
	if i < 0 {
		i = slices.IndexFunc(h.Members, func(m md.MemberHealth) bool { return disk(m.Device) == old })
	}
	if i < 0 {
		return nil
	}
	return &h.Members[i]
}

// partitionAlike is a member that is a partition, other than the old one where there is a choice.
func partitionAlike(h md.Health, old string, disk func(member string) string) (like string) {
	for _, m := range h.Members {
		if disk(m.Device) != "" && !m.Has("faulty") && !m.Has("journal") && (like == "" || m.Device != old) {
			like = m.Device
		}
	}
	return like
}
