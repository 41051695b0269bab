package md

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Who may join an array of two that runs with its first member, and what is said of who may not. Each row changes what came.
func TestLate(t *testing.T) {
	const n = 16384
	sysfs := func(t *testing.T, root string, files map[string]string) {
		for name, text := range files {
			file := filepath.Join(root, "class/block/md_data/md", name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	const anew = `; where what it holds may go, "mdadm --zero-superblock /dev/sdb" and then "mdadm /dev/md_data --add /dev/sdb" fill it anew`
	for name, tt := range map[string]struct {
		change func(runs, came *made)
		files  map[string]string // of the array
		after  func(m *Member)
		why    string
		spare  bool
	}{
		"an active member that missed nothing":     {change: func(runs, came *made) {}},
		"one that missed writes, with a bitmap":    {change: func(runs, came *made) { came.events = 11 }, files: map[string]string{"bitmap/location": "+8"}},
		"one that missed writes":                   {change: func(runs, came *made) { came.events = 11 }, files: map[string]string{"bitmap/location": "none"}, why: "it is stale, 9 events behind, and the array has no bitmap of what was written since" + anew},
		"one that the array went on without":       {change: func(runs, came *made) { runs.roles = []int{0, RoleFaulty} }},
		"one that went on alone":                   {change: func(runs, came *made) { came.roles, came.events = []int{RoleFaulty, 1}, 15 }, files: map[string]string{"bitmap/location": "+8"}, why: "it went on alone, and so did the array (split brain)" + anew},
		"one that is ahead":                        {change: func(runs, came *made) { came.events = 21 }, files: map[string]string{"bitmap/location": "+8"}, why: "it went on alone, and so did the array (split brain)" + anew},
		"a spare":                                  {change: func(runs, came *made) { came.number, came.roles, came.events = 2, []int{0, 1, RoleSpare}, 7 }, spare: true},
		"one that has its place taken":             {change: func(runs, came *made) {}, files: map[string]string{"dev-sdc/slot": "1", "dev-sdc/state": "spare"}, why: "sdc is in its place" + anew},
		"one whose successor failed":               {change: func(runs, came *made) {}, files: map[string]string{"dev-sdc/slot": "1", "dev-sdc/state": "faulty"}},
		"one that had failed":                      {change: func(runs, came *made) { came.roles = []int{0, RoleFaulty} }, why: "it has failed" + anew},
		"a journal":                                {change: func(runs, came *made) { came.roles = []int{0, RoleJournal} }, why: "it is its journal, which is left to mdadm"},
		"one of another shape":                     {change: func(runs, came *made) { came.level = 5 }, why: "it describes the array differently" + anew},
		"one that something else uses":             {change: func(runs, came *made) {}, after: func(m *Member) { m.Busy = true }, why: "something else uses it"},
		"one that is too small":                    {change: func(runs, came *made) {}, after: func(m *Member) { m.Sectors = 100 }, why: "it has 100 sectors and needs 6144"},
		"one with a feature that nobody knows":     {change: func(runs, came *made) { came.feature = 1 << 30 }, why: "the array has what is left to mdadm: a reshape, a journal or a feature of a later kernel"},
		"one of an array that is broken":           {change: func(runs, came *made) {}, files: map[string]string{"array_state": "broken"}, why: "the array takes nobody in while it runs"},
		"one of a stripe":                          {change: func(runs, came *made) { runs.level, came.level = 0, 0 }, why: "the array takes nobody in while it runs"},
		"one of an array of which nobody is whole": {change: func(runs, came *made) {}, files: map[string]string{"dev-sda/state": "faulty"}, why: "it is not known whether it may join: no member is in sync"},
	} {
		t.Run(name, func(t *testing.T) {
			runs := made{device: "sda", events: 20, roles: []int{0, 1}, level: 1, slots: 2, name: "box:data", uuid: 1}
			came := runs
			came.device, came.slot, came.number = "sdb", 1, 1
			tt.change(&runs, &came)
			disks := machine(t, map[string]map[int64][]byte{"sda": {4096: runs.super()}}, map[string]int64{"sda": n})
			root := fmt.Sprint(disks.Sys)
			sysfs(t, root, map[string]string{"array_state": "active", "raid_disks": "2", "dev-sda/slot": "0", "dev-sda/state": "in_sync"})
			sysfs(t, root, tt.files)
			m := came.member()
			if tt.after != nil {
				tt.after(&m)
			}
			other := made{device: "sdz", events: 20, roles: []int{0, 1}, level: 1, slots: 2, name: "box:other", uuid: 2}
			have := State{Members: []Member{other.member(), m}, Running: []Array{{Device: "md_data", UUID: m.Super.UUID, Slots: 2, Members: []string{"sda"}}}}
			late := System{Sys: disks.Sys, Disks: disks}.Late(have)
			if len(late) != 1 || late[0].Member.Device != "sdb" || late[0].Device != "md_data" || late[0].Why != tt.why || late[0].Spare() != tt.spare {
				t.Errorf("%+v\nwant %q", late, tt.why)
			}
		})
	}
}

// Those that have content of the array come before spares; a copy of a member is no member, nor is what it is a copy of.
func TestLateTogether(t *testing.T) {
	runs := made{device: "sda", events: 20, roles: []int{0, 1, RoleSpare, 2}, level: 5, slots: 3, name: "box:data", uuid: 1}
	disks := machine(t, map[string]map[int64][]byte{"sda": {4096: runs.super()}}, map[string]int64{"sda": 16384})
	dir := filepath.Join(fmt.Sprint(disks.Sys), "class/block/md_data/md")
	for name, text := range map[string]string{"array_state": "active", "raid_disks": "3", "dev-sda/slot": "0", "dev-sda/state": "in_sync"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	of := func(device string, number int) Member {
		m := runs
		m.device, m.number = device, number
		return m.member()
	}
	have := State{Members: []Member{of("sdb", 2), of("sdc", 1), of("sdd", 3), of("sde", 3)}, Running: []Array{{Device: "md_data", UUID: UUID{1}}}}
	var got []string
	for _, l := range (System{Sys: disks.Sys, Disks: disks}).Late(have) {
		got = append(got, strings.TrimSpace(l.Member.Device+" "+l.Why))
	}
	if want := []string{"sdc", "sdd it and sde are the same member", "sde it and sdd are the same member", "sdb"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
