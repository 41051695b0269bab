package md

import (
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// What is left out of an array, and why; each row changes the second of two mirrors.
func TestGather(t *testing.T) {
	const left, refused, used, spare, journal = "left", "refused", "used", "spare", "journal"
	for _, tt := range []struct {
		name   string
		change func(a, b *made)
		after  func(m *Member)
		what   string
		says   string
		stale  bool
		inSync bool
	}{
		{name: "as it is", what: used, inSync: true},
		{name: "something else uses it", after: func(m *Member) { m.Busy = true }, what: refused, says: "something else uses sdb"},
		{name: "another version", after: func(m *Member) { m.Super.Version = "1.0" }, what: refused, says: "differently"},
		{name: "another level", change: func(a, b *made) { b.level = 5 }, what: refused, says: "differently"},
		{name: "other slots", change: func(a, b *made) { b.slots = 3 }, what: refused, says: "differently"},
		{name: "another layout", change: func(a, b *made) { b.layout = 2 }, what: refused, says: "differently"},
		{name: "another layout, an event behind", change: func(a, b *made) { b.layout, b.events = 2, 19 }, what: refused, says: "differently"},
		{name: "another layout, of before", change: func(a, b *made) { b.layout, b.events = 2, 18 }, what: left, says: "before the array changed its shape", stale: true},
		{name: "just large enough", after: func(m *Member) { m.Sectors = m.Super.Needs }, what: used, inSync: true},
		{name: "a sector too small", after: func(m *Member) { m.Sectors = m.Super.Needs - 1 }, what: left, says: "has 6143 sectors and needs 6144", stale: true},
		{name: "an event behind", change: func(a, b *made) { b.events = 19 }, what: used, inSync: true},
		{name: "two behind", change: func(a, b *made) { b.events = 18 }, what: left, says: "2 events behind", stale: true},
		{name: "being filled", after: func(m *Member) { m.Super.Recovering = true }, what: used},
		{name: "a spare", change: func(a, b *made) { a.roles, b.roles = []int{0, RoleSpare}, []int{0, RoleSpare} }, what: spare},
		{name: "a spare by its own word alone", change: func(a, b *made) { b.roles = []int{0, RoleSpare} }, what: left, says: "has failed"},
		{name: "failed by its own word", change: func(a, b *made) { b.roles = []int{0, RoleFaulty} }, what: left, says: "has failed"},
		{name: "a journal", change: func(a, b *made) { a.roles, b.roles = []int{0, RoleJournal}, []int{0, RoleJournal} }, what: journal},
		{name: "a journal by its own word alone", change: func(a, b *made) { b.roles = []int{0, RoleJournal} }, what: left, says: "is not its journal any more, says sda"},
		{name: "failed by the other's", change: func(a, b *made) { a.roles = []int{0, RoleFaulty} }, what: left, says: "not in it any more", stale: true},
	} {
		if tt.change == nil {
			tt.change = func(a, b *made) {}
		}
		members := mirror(tt.change)
		if tt.after != nil {
			tt.after(&members[1])
		}
		s, problem := gather(members)
		what := used
		switch {
		case problem != "":
			what = refused
		case len(s.left) > 0:
			what = left
		case len(s.spares) > 0:
			what = spare
		case len(s.journals) > 0:
			what = journal
		}
		if text := problem + strings.Join(s.left, ""); what != tt.what || !strings.Contains(text, tt.says) {
			t.Errorf("%s: %s, %q; want %s, %q", tt.name, what, text, tt.what, tt.says)
		}
		if what == refused {
			continue
		}
		if s.stale[1] != tt.stale || s.inSync[1] != tt.inSync || (len(s.slots[1]) == 1) != (what == used) || !s.inSync[0] || s.freshest.Device != "sda" {
			t.Errorf("%s: %+v", tt.name, s)
		}
	}
	all := mirror(func(a, b *made) { a.roles, b.roles = []int{RoleSpare, RoleSpare}, []int{RoleSpare, RoleSpare} })
	if _, problem := gather(all); !strings.HasPrefix(problem, "no active member is among sda") {
		t.Errorf("spares alone: %q", problem)
	}
	// A slot that is being replaced is in sync if one of its two devices is.
	two := append(mirror(func(a, b *made) { a.roles, b.roles = []int{0, 1, 1}, []int{0, 1, 1} }), mirror(func(a, b *made) { b.device, b.number, b.roles = "sdc", 2, []int{0, 1, 1} })[1])
	two[2].Super.Recovering = true
	if s, problem := gather(two); problem != "" || !s.inSync[1] || len(s.slots[1]) != 2 {
		t.Errorf("a replacement: %q, %+v", problem, s)
	}
}

// Whose array it is: a name stands for ours, another host's is told, and a UUID or a consent takes it.
func TestForeign(t *testing.T) {
	for host, want := range map[string]bool{"": false, "any": false, "box": false, "box.example": false, "bo": true, "boxx": true, "box.other": true} {
		if got := foreign(&Superblock{Name: host + ":data"}, "box.example"); got != want {
			t.Errorf("%q is foreign: %v", host, got)
		}
	}
	for _, tt := range []struct {
		match spec.ArrayMatch
		name  string
		want  bool
	}{
		{spec.ArrayMatch{}, "box:data", true}, {spec.ArrayMatch{}, "data", true}, {spec.ArrayMatch{}, "box:other", false},
		{spec.ArrayMatch{Name: "other"}, "box:other", true}, {spec.ArrayMatch{Name: "other"}, "box:data", false},
		{spec.ArrayMatch{UUID: "01000000:00000000:00000000:00000000"}, "box:other", true}, {spec.ArrayMatch{UUID: "02000000:00000000:00000000:00000000"}, "box:data", false},
	} {
		m := mirror(func(a, b *made) { a.name = tt.name })[0]
		if got := answers("data", tt.match, m); got != tt.want {
			t.Errorf("%+v, %s: %v", tt.match, tt.name, got)
		}
	}
	member := spec.ArrayMatch{Members: []string{"/dev/sda"}}
	for _, tt := range []struct {
		row  spec.Array
		want bool
	}{
		{spec.Array{Match: member}, true}, {spec.Array{Match: member, Create: true}, false}, {spec.Array{}, false},
		{spec.Array{Match: spec.ArrayMatch{Members: member.Members, Name: "x"}}, false}, {spec.Array{Match: spec.ArrayMatch{Members: member.Members, UUID: "x"}}, false},
	} {
		if got := identified(tt.row, mirror(func(a, b *made) {})[0]); got != tt.want {
			t.Errorf("%+v: %v", tt.row, got)
		}
	}
}

// An array that runs is kept, whichever way it is known; what runs beside it is no reason.
func TestDecideByWhatRuns(t *testing.T) {
	uuid := mirror(func(a, b *made) {})[0].Super.UUID
	for name, tt := range map[string]struct {
		row     spec.Array
		members []Member
		runs    Array
		want    Action
		device  string
	}{
		"by its device":        {spec.Array{}, nil, Array{Device: "md_data"}, Keep, "md_data"},
		"by a member":          {spec.Array{}, mirror(func(a, b *made) {}), Array{Device: "md7", UUID: uuid}, Keep, "md7"},
		"by its UUID":          {spec.Array{Match: spec.ArrayMatch{UUID: spec.ArrayUUID(uuid.String())}}, nil, Array{Device: "md7", UUID: uuid}, Keep, "md7"},
		"another one":          {spec.Array{}, mirror(func(a, b *made) {}), Array{Device: "md7", UUID: UUID{9}}, Start, "md_data"},
		"another one, by UUID": {spec.Array{Match: spec.ArrayMatch{UUID: spec.ArrayUUID(uuid.String())}}, nil, Array{Device: "md7", UUID: UUID{9}}, Wait, "md_data"},
		"one without a UUID":   {spec.Array{}, nil, Array{Device: "md7"}, Wait, "md_data"},
	} {
		tt.row.Level = "raid1"
		op := Decide("data", Machine{Host: "box", Arrays: map[string]spec.Array{"data": tt.row}}, State{Members: tt.members, Running: []Array{tt.runs}})
		if op.Action != tt.want || op.Device != tt.device {
			t.Errorf("%s: %s %s; want %s %s", name, op.Action, op.Device, tt.want, tt.device)
		}
	}
	// What cannot be read may be what is missing.
	have := State{Unreadable: map[string]error{"sdz": ErrDamaged, "sdy": ErrDamaged}}
	for name, members := range map[string][]Member{"nobody": nil, "one": mirror(func(a, b *made) {})[:1]} {
		have.Members = members
		op := Decide("data", Machine{Host: "box", Arrays: map[string]spec.Array{"data": rowOf("raid1")}}, have)
		if op.Action != Wait || !strings.HasSuffix(op.Reason, "; sdy: damaged md superblock; sdz: damaged md superblock") {
			t.Errorf("%s is there: %+v", name, op)
		}
	}
}

// Features that are left to mdadm, each by its bit, and those that change nothing.
func TestUnfit(t *testing.T) {
	for bit := range 32 {
		feature := uint32(1) << bit
		fits := slices.Contains([]uint32{FeatureBitmap, FeatureRecoveryOffset, FeatureBadBlocks, FeatureReplacement, FeatureRecoveryBitmap, FeatureRAID0Layout}, feature)
		s, problem := gather(mirror(func(a, b *made) { b.feature = feature }))
		if problem != "" {
			t.Fatal(problem)
		}
		if why := s.unfit(rowOf("raid1")); (why == "") != fits {
			t.Errorf("feature %#x: %q", feature, why)
		}
	}
	s, _ := gather(mirror(func(a, b *made) {}))
	all := mirror(func(a, b *made) {
		a.roles, b.roles, a.feature, b.feature = []int{0, RoleJournal}, []int{0, RoleJournal}, FeatureJournal, FeatureJournal
	})
	withJournal, problem := gather(all)
	if why := withJournal.unfit(rowOf("raid1")); problem != "" || len(withJournal.left) > 0 || why != "it has a journal, which is left to mdadm: sda (slot 0, serial S-sda), sdb (journal, serial S-sdb)" {
		t.Errorf("with a journal: %q, %q, left out %q", problem, why, withJournal.left)
	}
	for members, fits := range map[int]bool{0: true, 2: true, 1: false, 3: false} {
		if why := s.unfit(spec.Array{Level: "raid1", Members: members}); (why == "") != fits {
			t.Errorf("%d members: %q", members, why)
		}
	}
}

// Who holds the freshest member for failed went on without it, unless somebody who was with it then is with the freshest now: it merely
// failed as well, before another disk took the place of the first.
func TestApart(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(other, fresh *made)
		apart  bool
	}{
		"with a witness":              {func(other, fresh *made) {}, false},
		"one that is an event behind": {func(other, fresh *made) { other.events = 20 }, false},
		"one that is two behind":      {func(other, fresh *made) { other.events = 19 }, true},
		"one that has failed since":   {func(other, fresh *made) { fresh.roles = []int{RoleFaulty, RoleFaulty, RoleFaulty, 0} }, true},
		"one in another place by now": {func(other, fresh *made) { fresh.roles = []int{RoleFaulty, RoleFaulty, 1, 0} }, true},
		"one that is a spare":         {func(other, fresh *made) { other.roles = []int{RoleFaulty, 1, RoleSpare, 0} }, true},
		"one that it did not know": {func(other, fresh *made) {
			other.slot, other.roles, fresh.roles = 3, []int{RoleFaulty, RoleFaulty, 3, 0}, []int{RoleFaulty, RoleFaulty, 3, 0}
		}, true},
		"one that has its own place": {func(other, fresh *made) {
			other.roles, fresh.roles = []int{RoleFaulty, RoleFaulty, 1, 0}, []int{RoleFaulty, RoleFaulty, 1, 0}
		}, true},
		"and the freshest has its too": {func(other, fresh *made) {
			other.roles, fresh.roles = []int{RoleFaulty, RoleFaulty, 2, 1}, []int{RoleFaulty, RoleFaulty, 2, 1}
		}, false},
	} {
		stale := made{device: "sdb", number: 1, events: 10, roles: []int{RoleFaulty, 1, 2}, level: 1, slots: 4, uuid: 1}
		other := made{device: "sdc", number: 2, events: 21, roles: []int{RoleFaulty, RoleFaulty, 2, 0}, level: 1, slots: 4, uuid: 1}
		fresh := made{device: "sdd", number: 3, events: 21, roles: []int{RoleFaulty, RoleFaulty, 2, 0}, level: 1, slots: 4, uuid: 1}
		tt.change(&other, &fresh)
		members := []Member{fresh.member(), stale.member(), other.member()}
		if s, problem := gather(members); strings.HasPrefix(problem, "split brain") != tt.apart || s.freshest.Device != "sdd" {
			t.Errorf("%s: %q, freshest %s", name, problem, s.freshest.Device)
		}
	}
}
