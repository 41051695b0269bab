package md

import (
	"fmt"
	"slices"
)

// Replacement is what is left to do so that a new device takes an old one's place in an array that runs. Begun a second time,
// after a reboot in the middle, it is what is left of it.
type Replacement struct {
	// New becomes a member, or is one already.
	New string
	// Remove is the old device where it has failed: it goes before anything else. "" for none.
	Remove string
	// Look: New is the failed device itself, used by the array until that is removed; only then can one see whether it may be used.
	Look bool
	// Add says that New is to be made a member.
	Add bool
	// Stays is the old device where it works and others are missing: New is for them. "" for none.
	Stays string
	// Gives is the old device where it works and nobody is missing: it gives its content to New before it goes, so that the array is
	// whole all the time. "" for none.
	Gives string
	// old is the member that goes; "" where it is gone already.
	old string
}

// PlanReplacement decides how a new device takes the place of an old one, which may be a member, the whole disk that a member is a
// partition of, or gone. disk tells a partition's disk (Disk). unfit says why the new device may not be taken: it is not blank, or
// somebody uses it. It is asked only where New is to become a member.
func PlanReplacement(h Health, old, new string, disk func(device string) string, unfit func() error) (Replacement, error) {
	r := Replacement{New: new}
	i := slices.IndexFunc(h.Members, func(m MemberHealth) bool { return m.Device == old })
	if i < 0 { // a whole disk's name stands for its partition in this array
		i = slices.IndexFunc(h.Members, func(m MemberHealth) bool { return disk(m.Device) == old })
	}
	var was MemberHealth
	if i >= 0 {
		was = h.Members[i]
		r.old = was.Device
	}
	sound := i >= 0 && was.Has("in_sync") && !was.Has("faulty")
	// One that the driver dropped may be used again, once it is out and blank.
	r.Add = !slices.ContainsFunc(h.Members, func(m MemberHealth) bool { return m.Device == new && !m.Has("faulty") })
	if r.Add {
		if !sound && len(h.Missing) == 0 {
			return Replacement{}, fmt.Errorf("%s is not in it, and nobody is missing", old)
		}
		if i >= 0 && !sound {
			r.Remove = was.Device
		}
		if r.Look = r.Remove == new; !r.Look {
			if err := unfit(); err != nil {
				return Replacement{}, err
			}
		}
	}
	switch {
	case sound && len(h.Missing) > 0:
		r.Stays = was.Device
	// After a reboot in the middle it is still at that.
	case sound && was.Device != new && !was.Has("want_replacement"):
		r.Gives = was.Device
	}
	return r, nil
}

// Outcome is what is to be done once nothing goes on in the array any more: who is to be removed ("" for nobody), for it gave its
// content and failed by that. The error says that the array is still not whole.
func (r Replacement) Outcome(h Health) (remove string, err error) {
	if slices.ContainsFunc(h.Members, func(m MemberHealth) bool { return m.Device == r.old && m.Has("faulty") }) {
		remove = r.old
	}
	if len(h.Missing) > 0 {
		err = fmt.Errorf("it is still %s", h)
	}
	return remove, err
}
