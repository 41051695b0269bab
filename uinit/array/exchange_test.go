package array

import (
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/uinit/array/md"
)

// diskOf is the disk of a partition, as sysfs would tell.
func diskOf(member string) string {
	if on := strings.TrimSuffix(member, "2"); on != member {
		return on
	}
	return ""
}

// Each way in which a disk may be when somebody asks to have it replaced; vdx2 is the partition of vdx that is a member.
func TestPlanExchange(t *testing.T) {
	sound := func(device string, slot int) md.MemberHealth {
		return md.MemberHealth{Device: device, Slot: slot, State: "in_sync"}
	}
	faulty := func(device string) md.MemberHealth { return md.MemberHealth{Device: device, Slot: -1, State: "faulty"} }
	spare := func(device string, slot int) md.MemberHealth {
		return md.MemberHealth{Device: device, Slot: slot, State: "spare"}
	}
	for name, tt := range map[string]struct {
		members []md.MemberHealth
		missing []int
		old     string
		target  string
		want    exchange
		refused string
	}{
		"a sound one":                     {members: []md.MemberHealth{sound("vda", 0), sound("vdb", 1)}, old: "vdb", target: "vdc", want: exchange{add: "vdc", replace: "vdb", with: "vdc"}},
		"by the disk of its partition":    {members: []md.MemberHealth{sound("vda2", 0), sound("vdb2", 1)}, old: "vdb", target: "vdc2", want: exchange{add: "vdc2", replace: "vdb2", with: "vdc2"}},
		"one that failed":                 {members: []md.MemberHealth{sound("vda", 0), faulty("vdb")}, missing: []int{1}, old: "vdb", target: "vdc", want: exchange{remove: "vdb", add: "vdc", with: "vdc"}},
		"one that is gone":                {members: []md.MemberHealth{sound("vda", 0)}, missing: []int{1}, old: "vdb", target: "vdc", want: exchange{add: "vdc", with: "vdc"}},
		"a stranger, and nobody missing":  {members: []md.MemberHealth{sound("vda", 0), sound("vdb", 1)}, old: "vdx", target: "vdc", refused: "vdx is not in it, and nobody is missing"},
		"a sound one, another missing":    {members: []md.MemberHealth{sound("vda", 0)}, missing: []int{1}, old: "vda", target: "vdc", want: exchange{add: "vdc", stays: "vda", with: "vdc"}},
		"by itself, dropped":              {members: []md.MemberHealth{sound("vda", 0), faulty("vdb")}, missing: []int{1}, old: "vdb", target: "vdb", want: exchange{remove: "vdb", add: "vdb", with: "vdb"}},
		"again, the new one is filled":    {members: []md.MemberHealth{sound("vda", 0), spare("vdc", 1)}, missing: []int{1}, old: "vdb", target: "vdc", want: exchange{with: "vdc"}},
		"again, the old one gives":        {members: []md.MemberHealth{sound("vda", 0), {Device: "vdb", Slot: 1, State: "in_sync,want_replacement"}, spare("vdc", 1)}, old: "vdb", target: "vdc", want: exchange{with: "vdc"}},
		"again, before the old one gives": {members: []md.MemberHealth{sound("vda", 0), sound("vdb", 1), spare("vdc", -1)}, old: "vdb", target: "vdc", want: exchange{replace: "vdb", with: "vdc"}},
		"the journal":                     {members: []md.MemberHealth{sound("vda", 0), sound("vdb", 1), {Device: "vdj", Slot: -1, State: "journal"}}, old: "vdj", target: "vdc", refused: "vdj is its journal, which is left to mdadm (--add-journal)"},
		"by itself, sound":                {members: []md.MemberHealth{sound("vda", 0), sound("vdb", 1)}, old: "vdb", target: "vdb", want: exchange{with: "vdb"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := md.Health{Slots: 2, Members: tt.members, Missing: tt.missing}
			got, err := planExchange(h, oldMember(h, tt.old, diskOf), tt.old, tt.target)
			if tt.refused != "" {
				if err == nil || err.Error() != tt.refused {
					t.Errorf("%v, want %s", err, tt.refused)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("%+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

// The new disk gets the partitions of one that stays, where there is one, and never those of one that fails.
func TestPartitionAlike(t *testing.T) {
	for want, members := range map[string][]md.MemberHealth{
		"vdb2": {{Device: "vda2"}, {Device: "vdb2"}},
		"vda2": {{Device: "vda2"}, {Device: "vdb2", State: "faulty"}},
		"vdc2": {{Device: "vda2"}, {Device: "vdj2", State: "journal"}, {Device: "vdc2"}},
		"":     {{Device: "vda"}, {Device: "vdb"}},
	} {
		if got := partitionAlike(md.Health{Members: members}, "vda2", diskOf); got != want {
			t.Errorf("%+v: %q, want %q", members, got, want)
		}
	}
}
