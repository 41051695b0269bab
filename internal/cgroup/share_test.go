package cgroup

import (
	"slices"
	"testing"
)

// Whatever the machine: what is kept back is there, and nobody's share is more than that of all.
func TestShares(t *testing.T) {
	const gibibyte = 1 << 30
	for _, tt := range []struct {
		name    string
		machine Machine
		reserve int64 // in MiB
	}{
		{"a small box", Machine{100 * mebibyte, 800}, 25},
		{"a virtual machine", Machine{400 * mebibyte, 3800}, 50},
		{"a server", Machine{2 * gibibyte, 16000}, 256},
		{"a large server", Machine{250 * gibibyte, 32768}, 512},
	} {
		s, m := Share(tt.machine), tt.machine
		if got := (m.Memory - s.Work.Memory) / mebibyte; got != tt.reserve {
			t.Errorf("%s: %d MiB are kept, want %d", tt.name, got, tt.reserve)
		}
		for _, order := range [][]int64{
			{s.User.Memory, s.Users.Memory, s.Work.Memory, s.Admin.Memory, m.Memory},
			{s.Service.Memory, s.Work.Memory},
			{int64(s.User.Tasks), int64(s.Users.Tasks), int64(s.Work.Tasks), int64(m.Tasks)},
			{int64(s.Service.Tasks), int64(s.Work.Tasks)},
			{int64(s.Admin.Tasks), int64(m.Tasks)},
			// Who has filled all files in memory, each of a page and an inode of 1.2 KiB, can still run a shell to remove one.
			{(s.Tmp+s.Shm+s.Home)*13/10 + s.SysV + s.User.Memory/10, s.User.Memory},
		} {
			if !slices.IsSorted(order) || order[0] <= 0 {
				t.Errorf("%s: %d are not in order", tt.name, order)
			}
		}
		// People leave services something, whatever they do.
		if left := s.Work.Memory - s.Users.Memory; left < s.Work.Memory/5 {
			t.Errorf("%s: people leave %d MiB", tt.name, left/mebibyte)
		}
	}
	if s := Share(Machine{}); s.Work != (Limits{}) || s.User != (Limits{}) {
		t.Errorf("of nothing known there are limits: %+v", s)
	}
}

func TestRowsWin(t *testing.T) {
	usual := Limits{Memory: 10, Tasks: 20, Whole: true}
	if got, want := usual.but(Limits{Tasks: 5, CPU: 0.5}), (Limits{Memory: 10, Tasks: 5, CPU: 0.5, Whole: true}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestFiles(t *testing.T) {
	for _, tt := range []struct {
		limits Limits
		want   []file
	}{
		{Limits{}, nil},
		{Limits{Memory: 64 << 20, Whole: true, Tasks: 10, CPU: 0.5},
			[]file{{"memory.max", "67108864"}, {"memory.oom.group", "1"}, {"pids.max", "10"}, {"cpu.max", "50000 100000"}}},
		{Limits{Groups: 7}, []file{{"cgroup.max.descendants", "7"}}},
		{Limits{Memory: 1, NoSwap: true, Weight: 50}, []file{{"memory.max", "1"}, {"memory.swap.max", "0"}, {"cpu.weight", "50"}}},
		{Limits{CPU: 0.0001, Whole: true}, []file{{"cpu.max", "1000 100000"}}},
	} {
		if got := tt.limits.files(); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: %v, want %v", tt.limits, got, tt.want)
		}
	}
}

func TestPathsStayInside(t *testing.T) {
	for name, want := range map[string]string{
		"smbd": "work/services/smbd", "a/../../b": "work/services/a_.._.._b", "..": "work/services/_..", "": "work/services/_",
	} {
		if got := Service(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
	if got := Session("ann", 1000); got != "work/users/ann" {
		t.Error(got)
	}
	if got := Session("root", 0); got != "admin/root" {
		t.Error(got)
	}
}
