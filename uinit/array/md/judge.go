package md

import (
	"cmp"
	"fmt"
	"slices"
)

// judge says who may join an array.
type judge struct {
	array  Array
	health Health
	bitmap bool
	// supers are those of the members in sync; err says why they are not known.
	supers []*Superblock
	err    error
}

// why is what keeps a member from joining, by others that came like it.
func (j judge) why(m Member, all []Member) string {
	if j.err != nil {
		return "it is not known whether it may join: " + j.err.Error()
	}
	ref := slices.MaxFunc(j.supers, func(a, b *Superblock) int { return cmp.Compare(a.Events, b.Events) })
	s, role := m.Super, m.Super.Role()
	if why := j.unlike(m, ref, all); why != "" {
		return why
	}
	switch {
	case role == RoleJournal:
		return "it is its journal, which is left to mdadm"
	case role == RoleSpare:
		return ""
	case !Active(role):
		return "it has failed" + j.anew(m)
	}
	if by := slices.IndexFunc(j.health.Members, func(o MemberHealth) bool { return o.Slot == role && !o.Has("faulty") }); by >= 0 {
		return fmt.Sprintf("%s is in its place%s", j.health.Members[by].Device, j.anew(m))
	}
	apart := s.Events > ref.Events
	for _, other := range j.supers {
		apart = apart || !slices.Contains(s.Roles, other.Role())
	}
	switch {
	case apart:
		return "it went on alone, and so did the array (split brain)" + j.anew(m)
	case s.Events < ref.Events && !j.bitmap:
		return fmt.Sprintf("it is stale, %d events behind, and the array has no bitmap of what was written since%s", ref.Events-s.Events, j.anew(m))
	}
	return ""
}

// unlike is what keeps any device from joining, whatever it was.
func (j judge) unlike(m Member, ref *Superblock, all []Member) string {
	s := m.Super
	if twin := slices.IndexFunc(all, func(o Member) bool { return o.Device != m.Device && o.Super.Number == s.Number }); twin >= 0 {
		return fmt.Sprintf("it and %s are the same member", all[twin].Device)
	}
	switch {
	case m.Busy:
		return "something else uses it"
	case j.health.Broken || ref.Level <= 0:
		return "the array takes nobody in while it runs"
	case (s.Features|ref.Features)&^known != 0:
		return "the array has what is left to mdadm: a reshape, a journal or a feature of a later kernel"
	case s.Version != ref.Version || s.Level != ref.Level || s.Slots != ref.Slots || s.Layout != ref.Layout:
		return "it describes the array differently" + j.anew(m)
	case m.Sectors < s.Needs:
		return fmt.Sprintf("it has %d sectors and needs %d", m.Sectors, s.Needs)
	}
	return ""
}

// anew is what a person types where nothing on a member is needed any more.
func (j judge) anew(m Member) string {
	device := DevicePath(m.Device)
	return fmt.Sprintf("; where what it holds may go, \"mdadm --zero-superblock %s\" and then \"mdadm %s --add %s\" fill it anew", device, DevicePath(j.array.Device), device)
}
