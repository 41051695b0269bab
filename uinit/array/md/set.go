package md

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// set is what the superblocks of one array agree on.
type set struct {
	// freshest is the reference: an active member with the highest count of events.
	freshest Member
	// slots are the members that the reference confirms; a slot being replaced has two.
	slots  map[int][]Member
	inSync map[int]bool
	spares []Member
	// journals are where writes to an array with parity go first.
	journals []Member
	// stale are slots whose device is there and not used.
	stale map[int]bool
	left  []string
}

// slack is by how much a member's count may fall behind: the crash may come between two writes of
// superblocks (super_1_validate allows one, too).
const slack = 1

// gather finds the reference and holds every other member against it.
func gather(members []Member) (s set, problem string) {
	s = set{slots: map[int][]Member{}, inSync: map[int]bool{}, stale: map[int]bool{}}
	found := false
	for _, m := range members {
		if m.Busy {
			return s, "something else uses " + m.String()
		}
		// A spare is written along, and knows nothing of who failed.
		if Active(m.Super.Role()) && (!found || m.Super.Events > s.freshest.Super.Events) {
			s.freshest, found = m, true
		}
	}
	if !found {
		return s, "no active member is among " + names(members)
	}
	ref := s.freshest.Super
	for _, m := range members {
		role, seen := m.Super.Role(), ref.RoleOf(m.Super.Number)
		switch {
		case m.Super.Version != ref.Version || m.Super.Level != ref.Level || m.Super.Slots != ref.Slots || m.Super.Layout != ref.Layout:
			if m.Super.Events+slack < ref.Events {
				s.leave(m, "is from before the array changed its shape")
				continue
			}
			return s, fmt.Sprintf("%s and %s describe it differently", s.freshest, m)
		case s.apart(m, members):
			return s, fmt.Sprintf("split brain: %s holds %s for failed or absent and went on alone; choose one, and wipe the other with \"mdadm --zero-superblock\"", m, s.freshest)
		case m.Sectors < m.Super.Needs:
			s.leave(m, fmt.Sprintf("has %d sectors and needs %d", m.Sectors, m.Super.Needs))
		case role == RoleSpare && !Active(seen):
			s.spares = append(s.spares, m)
		case role == RoleJournal && seen == RoleJournal:
			s.journals = append(s.journals, m)
		case role == RoleJournal:
			s.leave(m, "is not its journal any more, says "+s.freshest.Device)
		case !Active(role):
			s.leave(m, "has failed")
		case seen != role:
			s.leave(m, fmt.Sprintf("is not in it any more, says %s", s.freshest.Device))
		case m.Super.Events+slack < ref.Events:
			s.leave(m, fmt.Sprintf("is stale: %d events behind", ref.Events-m.Super.Events))
		default:
			s.slots[role] = append(s.slots[role], m)
			s.inSync[role] = s.inSync[role] || !m.Super.Recovering
		}
	}
	return s, s.twins()
}

// apart says that a member holds the reference's slot for failed or absent, and that nobody who was with
// it at the time is with the reference now: both went on, each without the other. Where somebody
// is, the member merely failed too, before the reference took the place of the other one.
func (s *set) apart(m Member, members []Member) bool {
	ref := s.freshest.Super
	if !Active(m.Super.Role()) || m.Super.Role() == ref.Role() || slices.Contains(m.Super.Roles, ref.Role()) {
		return false
	}
	return !slices.ContainsFunc(members, func(with Member) bool {
		role := with.Super.Role()
		return Active(role) && role != m.Super.Role() && slices.Contains(m.Super.Roles, role) &&
			ref.RoleOf(with.Super.Number) == role && with.Super.Events+slack >= ref.Events
	})
}

func (s *set) leave(m Member, why string) {
	s.left = append(s.left, m.String()+" "+why)
	if Active(m.Super.Role()) {
		s.stale[m.Super.Role()] = true
	}
}

// twins finds copies of a member: a disk and its partition, two paths to one disk, a dd of it.
func (s *set) twins() string {
	for slot := range s.freshest.Super.Slots {
		seen := map[int]Member{}
		for _, m := range s.slots[slot] {
			if other, twice := seen[m.Super.Number]; twice {
				return fmt.Sprintf("%s and %s are the same member", other, m)
			}
			seen[m.Super.Number] = m
		}
	}
	return ""
}

// known are the features that change nothing about how to start an array.
const known = FeatureBitmap | FeatureRecoveryOffset | FeatureBadBlocks | FeatureReplacement | FeatureRecoveryBitmap | FeatureRAID0Layout

// unfit says why an array is left to mdadm and a person, or "".
func (s *set) unfit(cfg spec.Array) string {
	ref := s.freshest.Super
	var features uint32
	for _, m := range s.members() {
		features |= m.Super.Features
	}
	var has []string
	for _, f := range []struct {
		bits uint32
		what string
	}{
		{FeatureReshape | FeatureReshapeBack | FeatureNewOffset, "a reshape under way"}, {FeatureJournal, "a journal"},
		{FeaturePPL | FeatureMultiplePPLs, "a partial parity log"}, {FeatureClustered, "a clustered bitmap"},
	} {
		if features&f.bits != 0 {
			has = append(has, f.what)
		}
	}
	const named = known | FeatureReshape | FeatureReshapeBack | FeatureNewOffset | FeatureJournal | FeaturePPL | FeatureMultiplePPLs | FeatureClustered
	if unknown := features &^ named; unknown != 0 {
		has = append(has, fmt.Sprintf("unknown features %#x", unknown))
	}
	switch {
	case len(has) > 0:
		return fmt.Sprintf("it has %s, which is left to mdadm: %s", strings.Join(has, " and "), names(append(s.members(), s.journals...)))
	case ref.Level != cfg.Level.Number():
		return fmt.Sprintf("its level is %d, not %s: %s", ref.Level, cfg.Level, names(s.members()))
	case cfg.Members != 0 && cfg.Members != ref.Slots:
		return fmt.Sprintf("it is made for %d members, not %d: %s", ref.Slots, cfg.Members, names(s.members()))
	}
	return ""
}

// listed says that the reference holds a slot for in use.
func (s *set) listed(slot int) bool { return slices.Contains(s.freshest.Super.Roles, slot) }

// members are the reference, the others by slot, the spares.
func (s *set) members() []Member {
	list := []Member{s.freshest}
	for slot := range s.freshest.Super.Slots {
		for _, m := range s.slots[slot] {
			if m.Device != s.freshest.Device {
				list = append(list, m)
			}
		}
	}
	return append(list, s.spares...)
}
