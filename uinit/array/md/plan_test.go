package md

import (
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func rowOf(level spec.ArrayLevel) spec.Array { return spec.Array{Level: level} }

// mirror is a sound pair, changed by each case.
func mirror(change func(a, b *made)) []Member {
	a := made{device: "sda", slot: 0, number: 0, events: 20, roles: []int{0, 1}, level: 1, slots: 2, name: "box:data", uuid: 1}
	b := a
	b.device, b.slot, b.number = "sdb", 1, 1
	change(&a, &b)
	return []Member{a.member(), b.member()}
}

func parity(n int, change func(m []made)) []Member {
	var all []made
	var roles []int
	for i := range n {
		roles = append(roles, i)
	}
	for i := range n {
		all = append(all, made{device: "sd" + string(rune('a'+i)), slot: i, number: i, events: 20, roles: roles, level: 5, slots: n, name: "data", uuid: 1})
	}
	change(all)
	var members []Member
	for _, m := range all {
		if m.device != "" {
			members = append(members, m.member())
		}
	}
	return members
}

func TestDecide(t *testing.T) {
	for _, tt := range []struct {
		name    string
		cfg     spec.Array
		members []Member
		// action at once, and when members had their time
		now, then Action
		with      string // devices to start with, then
		reason    string // part of it, then
	}{
		{name: "complete", members: mirror(func(a, b *made) {}), now: Start, then: Start, with: "sda sdb"},
		{name: "one event behind", members: mirror(func(a, b *made) { b.events = 19 }), now: Start, then: Start, with: "sda sdb"},
		{name: "nothing there", now: Wait, then: Wait, reason: "no member is there"},
		{name: "one missing", members: mirror(func(a, b *made) {})[:1], now: Wait, then: Start, with: "sda", reason: "without slot 1 of 2"},
		{name: "one missing that had failed before", members: mirror(func(a, b *made) { a.roles = []int{0, RoleFaulty} })[:1], now: Start, then: Start, with: "sda"},
		{name: "one stale", members: mirror(func(a, b *made) { b.events = 11 }), now: Start, then: Start, with: "sda",
			reason: "sdb (slot 1, serial S-sdb) is stale: 9 events behind"},
		{name: "one that failed before and came back", members: mirror(func(a, b *made) { a.roles, b.events = []int{0, RoleFaulty}, 11 }), now: Start, then: Start, with: "sda",
			reason: "sdb (slot 1, serial S-sdb) is not in it any more"},
		{name: "split brain, alike in events", members: mirror(func(a, b *made) { a.roles, b.roles = []int{0, RoleFaulty}, []int{RoleFaulty, 1} }),
			now: Refuse, then: Refuse, reason: "split brain: sdb (slot 1, serial S-sdb) holds sda (slot 0, serial S-sda)"},
		{name: "split brain, one ahead", members: mirror(func(a, b *made) { a.roles, b.roles, b.events = []int{0, RoleFaulty}, []int{RoleFaulty, 1}, 50 }),
			now: Refuse, then: Refuse, reason: "split brain"},
		{name: "another host's", members: mirror(func(a, b *made) { a.name, b.name = "old:data", "old:data" }), now: Refuse, then: Refuse, reason: `host "old"`},
		{name: "another host's, accepted", cfg: spec.Array{Foreign: spec.ForeignAccept}, members: mirror(func(a, b *made) { a.name, b.name = "old:data", "old:data" }), now: Start, then: Start, with: "sda sdb"},
		{name: "another host's by UUID", cfg: spec.Array{Match: spec.ArrayMatch{UUID: "01000000:00000000:00000000:00000000"}},
			members: mirror(func(a, b *made) { a.name, b.name = "old:data", "old:data" }), now: Start, then: Start, with: "sda sdb"},
		{name: "nameless, by one device", cfg: spec.Array{Match: spec.ArrayMatch{Members: []string{"serial=S-sdb"}}}, members: mirror(func(a, b *made) { a.name, b.name = "", "" }), now: Start, then: Start, with: "sda sdb"},
		{name: "disks for an array to be made carry another one", cfg: spec.Array{Create: true, Match: spec.ArrayMatch{Members: []string{"/dev/sda", "/dev/sdb"}}},
			members: mirror(func(a, b *made) { a.name, b.name = "other", "other" }), now: Wait, then: Wait, reason: "no member is there"},
		{name: "another one of that name, another host's", members: append(mirror(func(a, b *made) {}), mirror(func(a, b *made) {
			a.name, b.name, a.uuid, b.uuid, a.device, b.device = "old:data", "old:data", 2, 2, "sdc", "sdd"
		})...), now: Start, then: Start, with: "sda sdb"},
		{name: "two of that name", members: append(mirror(func(a, b *made) {}), mirror(func(a, b *made) { a.uuid, b.uuid, a.device, b.device = 2, 2, "sdc", "sdd" })...),
			now: Refuse, then: Refuse, reason: "several arrays answer to it"},
		{name: "a copy of a member", members: append(mirror(func(a, b *made) {}), mirror(func(a, b *made) { b.device = "sdc" })[1]), now: Refuse, then: Refuse,
			reason: "sdb (slot 1, serial S-sdb) and sdc (slot 1, serial S-sdc) are the same member"},
		{name: "reshape", members: mirror(func(a, b *made) { a.feature, b.feature = FeatureReshape, FeatureReshape }), now: Refuse, then: Refuse, reason: "a reshape under way"},
		{name: "journal", members: mirror(func(a, b *made) { a.feature, b.feature = FeatureJournal, FeatureJournal }), now: Refuse, then: Refuse, reason: "a journal"},
		{name: "unknown feature", members: mirror(func(a, b *made) { a.feature, b.feature = 1<<20, 1<<20 }), now: Refuse, then: Refuse, reason: "unknown features 0x100000"},
		{name: "another level", cfg: spec.Array{Level: "raid0"}, members: mirror(func(a, b *made) {}), now: Refuse, then: Refuse, reason: "its level is 1, not raid0"},
		{name: "another number of members", cfg: spec.Array{Members: 3}, members: mirror(func(a, b *made) {}), now: Refuse, then: Refuse, reason: "made for 2 members, not 3"},
		{name: "dirty mirror", members: mirror(func(a, b *made) { a.dirty, b.dirty = true, true }), now: Start, then: Start, with: "sda sdb"},
		{name: "a spare is never the reference", members: append(mirror(func(a, b *made) { a.roles, b.roles = []int{0, 1, RoleSpare}, []int{0, 1, RoleSpare} }),
			made{device: "sd0", slot: RoleSpare, number: 2, events: 99, roles: []int{RoleFaulty, RoleFaulty, RoleSpare}, level: 1, slots: 2, name: "box:data", uuid: 1}.member()),
			now: Start, then: Start, with: "sda sdb sd0"},

		{name: "parity, complete and dirty", cfg: rowOf("raid5"), members: parity(3, func(m []made) {
			for i := range m {
				m[i].dirty = true
			}
		}), now: Start, then: Start, with: "sda sdb sdc"},
		{name: "parity, one missing", cfg: rowOf("raid5"), members: parity(3, func(m []made) { m[1].device = "" }), now: Wait, then: Start, with: "sda sdc"},
		{name: "parity, one missing and dirty", cfg: rowOf("raid5"), members: parity(3, func(m []made) { m[1].device, m[0].dirty, m[2].dirty = "", true, true }),
			now: Wait, then: Refuse, reason: "writes were under way"},
		{name: "that, with consent", cfg: spec.Array{Level: "raid5", StartDirtyDegraded: true},
			members: parity(3, func(m []made) { m[1].device, m[0].dirty, m[2].dirty = "", true, true }), now: Wait, then: Start, with: "sda sdc"},
		{name: "parity, two missing", cfg: rowOf("raid5"), members: parity(3, func(m []made) { m[0].device, m[1].device = "", "" }), now: Wait, then: Wait, reason: "slots 0, 1 not there"},
		{name: "parity, two stale", cfg: rowOf("raid5"), members: parity(3, func(m []made) { m[0].events, m[1].events = 3, 4 }), now: Refuse, then: Refuse, reason: "too few members"},
		// Slot 0 failed first, then slot 1; a third disk took the place of slot 0. Slot 1's disk knew it as failed.
		{name: "a stale member that saw another fail", cfg: spec.Array{Level: "raid5"}, members: parity(4, func(m []made) {
			for i := range m {
				m[i].slots, m[i].roles = 3, []int{RoleFaulty, RoleFaulty, 2, 0}
			}
			m[0].device, m[1].events, m[1].roles = "", 10, []int{RoleFaulty, 1, 2}
			m[3].slot = 0
		}), now: Start, then: Start, with: "sdc sdd"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.cfg.Level == "" {
				tt.cfg.Level = "raid1"
			}
			want := Machine{Host: "box", Arrays: map[string]spec.Array{"data": tt.cfg}, Waited: map[string]bool{}}
			now := Decide("data", want, State{Members: tt.members})
			want.Waited["data"] = true
			then := Decide("data", want, State{Members: tt.members})
			if now.Action != tt.now || then.Action != tt.then {
				t.Errorf("%s at once, %s then; want %s, %s (%s)", now.Action, then.Action, tt.now, tt.then, then.Reason)
			}
			var with []string
			for _, m := range then.Members {
				with = append(with, m.Device)
			}
			if got := strings.Join(with, " "); then.Action == Start && got != tt.with {
				t.Errorf("starts with %q, want %q", got, tt.with)
			}
			if !strings.Contains(then.Reason, tt.reason) {
				t.Errorf("reason %q, want one with %q", then.Reason, tt.reason)
			}
		})
	}
}

// What starts whole has nothing to say for itself; what does not, says without whom.
func TestReasons(t *testing.T) {
	want := Machine{Host: "box", Arrays: map[string]spec.Array{"data": rowOf("raid1")}, Waited: map[string]bool{"data": true}}
	whole := mirror(func(a, b *made) {})
	for n, reason := range map[int]string{2: "", 1: "without slot 1 of 2"} {
		if op := Decide("data", want, State{Members: whole[:n]}); op.Action != Start || op.Reason != reason || op.Dirty {
			t.Errorf("%d members: %+v, want %q", n, op, reason)
		}
	}
}

func TestKeepsWhatRuns(t *testing.T) {
	want := Machine{Arrays: map[string]spec.Array{"data": rowOf("raid1")}}
	have := State{Running: []Array{{Device: "md_data", Slots: 2}}}
	if op := Decide("data", want, have); op.Action != Keep {
		t.Errorf("%+v", op)
	}
	have = State{Members: mirror(func(a, b *made) { a.name, b.name, b.uuid = "data", "other", 2 })}
	if got := Unclaimed(want, have); len(got) != 1 || !strings.HasPrefix(got[0], "sdb ") {
		t.Errorf("unclaimed: %q", got)
	}
}

func TestEnough(t *testing.T) {
	for _, tt := range []struct {
		level, slots, layout int
		missing              []int
		clean, want          bool
	}{
		{0, 2, 0, []int{1}, true, false}, {-1, 2, 0, nil, false, true}, {1, 3, 0, []int{0, 2}, false, true}, {1, 2, 0, []int{0, 1}, true, false},
		{4, 3, 0, []int{2}, false, true}, {4, 3, 0, []int{0}, false, false}, {4, 3, 0, []int{0}, true, true}, {5, 3, 0, []int{0, 1}, true, false},
		{6, 4, 0, []int{0, 3}, true, true}, {6, 4, 0, []int{0}, false, false}, {6, 4, 0, []int{0, 1, 2}, true, false},
		{10, 4, 0x102, []int{0, 2}, true, true}, {10, 4, 0x102, []int{0, 1}, true, false}, {10, 4, 0x102, []int{1, 2}, true, true},
		{10, 3, 0x102, []int{0}, true, true}, {10, 3, 0x102, []int{2, 0}, true, false}, {10, 4, 0x201, []int{0, 1}, true, false}, {10, 4, 0x201, []int{0, 2}, true, true},
		{10, 2, 0, nil, true, false}, {10, 2, 0x100, nil, true, false}, {10, 2, 0x002, nil, true, false}, {10, 2, 0x102, []int{1}, true, true}, {10, 2, 0x103, nil, true, false}, {10, 2, 0x202, nil, true, false},
		{10, 4, 0x20102, nil, true, true}, {10, 4, 0x20102, []int{0}, true, false}, {10, 4, 0x10102, []int{0, 2}, true, true},
		{4, 3, 0, nil, false, true}, {4, 3, 0, []int{0, 2}, true, false}, {5, 3, 0, nil, false, true}, {5, 3, 0, []int{2}, false, false}, {5, 3, 0, []int{2}, true, true},
		{6, 4, 0, nil, false, true}, {6, 4, 0, []int{0, 3}, false, false}, {6, 4, 0, []int{1}, true, true}, {0, 2, 0, nil, false, true}, {1, 1, 0, nil, false, true},
	} {
		there := map[int]bool{}
		for slot := range tt.slots {
			there[slot] = true
		}
		for _, slot := range tt.missing {
			delete(there, slot)
		}
		if got := enough(&Superblock{Level: tt.level, Slots: tt.slots, Layout: tt.layout}, there, tt.clean); got != tt.want {
			t.Errorf("level %d, %d slots, layout %#x without %v, clean %v: %v", tt.level, tt.slots, tt.layout, tt.missing, tt.clean, got)
		}
	}
}
