package md

import (
	"errors"
	"strings"
	"testing"
)

// health is an array of two slots with these missing, and with members "DEVICE=STATE".
func health(missing []int, members ...string) Health {
	h := Health{Device: "md0", Slots: 2, Missing: missing}
	for i, m := range members {
		device, state, _ := strings.Cut(m, "=")
		h.Members = append(h.Members, MemberHealth{Device: device, Slot: i, State: state})
	}
	return h
}

// diskOf is sda for sda1, and nothing for sda.
func diskOf(device string) string {
	if strings.HasSuffix(device, "1") {
		return strings.TrimSuffix(device, "1")
	}
	return ""
}

// Every state of the old device against every one of the new one, with and without others that are missing.
func TestPlanReplacement(t *testing.T) {
	none, one, two := []int(nil), []int{1}, []int{0, 1}
	notBlank, busy := errors.New("sdc is not blank"), errors.New("sdc is mounted")
	for name, c := range map[string]struct {
		h        Health
		old, new string
		unfit    error // the new device is not blank, or busy
		want     Replacement
		err      string
		asked    bool // whether the new device may be taken
	}{
		"a sound one, nobody missing": {h: health(none, "sda=in_sync", "sdb=in_sync"), old: "sdb", new: "sdc",
			want: Replacement{New: "sdc", Add: true, Gives: "sdb", old: "sdb"}, asked: true},
		"a sound one by its disk's name": {h: health(none, "sda1=in_sync", "sdb1=in_sync"), old: "sdb", new: "sdc1",
			want: Replacement{New: "sdc1", Add: true, Gives: "sdb1", old: "sdb1"}, asked: true},
		"a disk's name, where a member is called so too": {h: health(none, "sdb1=in_sync", "sdb=in_sync"), old: "sdb", new: "sdc",
			want: Replacement{New: "sdc", Add: true, Gives: "sdb", old: "sdb"}, asked: true},
		"a sound one, another missing": {h: health(one, "sda=in_sync"), old: "sda", new: "sdc",
			want: Replacement{New: "sdc", Add: true, Stays: "sda", old: "sda"}, asked: true},
		"a sound one that is written to mostly": {h: health(none, "sda=in_sync,write_mostly", "sdb=in_sync"), old: "sda", new: "sdc",
			want: Replacement{New: "sdc", Add: true, Gives: "sda", old: "sda"}, asked: true},
		"a failed one": {h: health(one, "sda=in_sync", "sdb=faulty"), old: "sdb", new: "sdc",
			want: Replacement{New: "sdc", Add: true, Remove: "sdb", old: "sdb"}, asked: true},
		"a failed one that is called in sync still": {h: health(one, "sda=in_sync", "sdb=faulty,in_sync"), old: "sdb", new: "sdc",
			want: Replacement{New: "sdc", Add: true, Remove: "sdb", old: "sdb"}, asked: true},
		"a failed one by its disk's name": {h: health(one, "sda1=in_sync", "sdb1=faulty"), old: "sdb", new: "sdc1",
			want: Replacement{New: "sdc1", Add: true, Remove: "sdb1", old: "sdb1"}, asked: true},
		"a spare, where one is missing": {h: health(one, "sda=in_sync", "sdb=spare"), old: "sdb", new: "sdc",
			want: Replacement{New: "sdc", Add: true, Remove: "sdb", old: "sdb"}, asked: true},
		"one that is gone": {h: health(one, "sda=in_sync"), old: "sdb", new: "sdc",
			want: Replacement{New: "sdc", Add: true}, asked: true},
		"one that is gone, with two missing": {h: health(two), old: "sdb", new: "sdc",
			want: Replacement{New: "sdc", Add: true}, asked: true},
		"one that was never in it": {h: health(none, "sda=in_sync", "sdb=in_sync"), old: "sdx", new: "sdc",
			err: "sdx is not in it, and nobody is missing"},
		"a spare, where nobody is missing": {h: health(none, "sda=in_sync", "sdb=in_sync", "sds=spare"), old: "sds", new: "sdc",
			err: "sds is not in it, and nobody is missing"},
		"a failed spare, where nobody is missing": {h: health(none, "sda=in_sync", "sdb=in_sync", "sds=faulty"), old: "sds", new: "sdc",
			err: "sds is not in it, and nobody is missing"},

		"the new one is not blank":          {h: health(none, "sda=in_sync", "sdb=in_sync"), old: "sdb", new: "sdc", unfit: notBlank, err: "sdc is not blank", asked: true},
		"the new one is busy":               {h: health(one, "sda=in_sync"), old: "sdb", new: "sdc", unfit: busy, err: "sdc is mounted", asked: true},
		"a failed one, the new one is busy": {h: health(one, "sda=in_sync", "sdb=faulty"), old: "sdb", new: "sdc", unfit: busy, err: "sdc is mounted", asked: true},

		// The array itself uses it until it is out, so nobody is asked before.
		"the failed one itself, again": {h: health(one, "sda=in_sync", "sdb=faulty"), old: "sdb", new: "sdb", unfit: busy,
			want: Replacement{New: "sdb", Add: true, Remove: "sdb", Look: true, old: "sdb"}},
		"a new one that failed, for another": {h: health(none, "sda=in_sync", "sdb=in_sync", "sdc=faulty"), old: "sdb", new: "sdc", unfit: busy,
			err: "sdc is mounted", asked: true},

		// After a reboot in the middle.
		"the new one is filled already": {h: health(one, "sda=in_sync", "sdc=spare"), old: "sdb", new: "sdc", unfit: busy,
			want: Replacement{New: "sdc"}},
		"the new one is in, the old one failed": {h: health(one, "sda=in_sync", "sdb=faulty", "sdc=spare"), old: "sdb", new: "sdc", unfit: busy,
			want: Replacement{New: "sdc", old: "sdb"}},
		"the new one is in, the old one sound": {h: health(none, "sda=in_sync", "sdb=in_sync", "sdc=spare"), old: "sdb", new: "sdc", unfit: busy,
			want: Replacement{New: "sdc", Gives: "sdb", old: "sdb"}},
		"the old one is giving": {h: health(none, "sda=in_sync", "sdb=in_sync,want_replacement", "sdc=spare"), old: "sdb", new: "sdc", unfit: busy,
			want: Replacement{New: "sdc", old: "sdb"}},
		"all is done": {h: health(none, "sda=in_sync", "sdc=in_sync"), old: "sdb", new: "sdc", unfit: busy,
			want: Replacement{New: "sdc"}},
		"a sound one by itself": {h: health(none, "sda=in_sync", "sdb=in_sync"), old: "sdb", new: "sdb", unfit: busy,
			want: Replacement{New: "sdb", old: "sdb"}},
	} {
		asked := false
		got, err := PlanReplacement(c.h, c.old, c.new, diskOf, func() error {
			asked = true
			return c.unfit
		})
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got != c.want || text != c.err || asked != c.asked {
			t.Errorf("%s:\ngot  %+v, %q, asked %v\nwant %+v, %q, asked %v", name, got, text, asked, c.want, c.err, c.asked)
		}
	}
}

// Who gave its content fails by that and goes; whoever else failed meanwhile stays for a person to see.
func TestReplacementOutcome(t *testing.T) {
	gave := Replacement{New: "sdc", Gives: "sdb", old: "sdb"}
	for name, c := range map[string]struct {
		r      Replacement
		h      Health
		remove string
		err    string
	}{
		"it gave":                            {gave, health(nil, "sda=in_sync", "sdb=faulty", "sdc=in_sync"), "sdb", ""},
		"it is out already":                  {gave, health(nil, "sda=in_sync", "sdc=in_sync"), "", ""},
		"it is sound still":                  {gave, health(nil, "sda=in_sync", "sdb=in_sync", "sdc=in_sync"), "", ""},
		"another failed":                     {gave, health([]int{0}, "sda=faulty", "sdc=in_sync"), "", "it is still degraded: slot 0 of 2 not in sync"},
		"it gave, and another failed":        {gave, health([]int{0}, "sda=faulty", "sdb=faulty", "sdc=in_sync"), "sdb", "it is still degraded: slot 0 of 2 not in sync"},
		"it was gone from the beginning":     {Replacement{New: "sdc", Add: true}, health(nil, "sda=in_sync", "sdc=in_sync"), "", ""},
		"gone, and somebody else has failed": {Replacement{New: "sdc", Add: true}, health(nil, "sda=in_sync", "sdx=faulty", "sdc=in_sync"), "", ""},
		"the new one was not filled":         {Replacement{New: "sdc", Add: true}, health([]int{1}, "sda=in_sync", "sdc=spare"), "", "it is still degraded: slot 1 of 2 not in sync"},
	} {
		remove, err := c.r.Outcome(c.h)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if remove != c.remove || text != c.err {
			t.Errorf("%s: %q, %q; want %q, %q", name, remove, text, c.remove, c.err)
		}
	}
}
