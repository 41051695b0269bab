package cgroup

import (
	"slices"
	"testing"
)

func TestUsage(t *testing.T) {
	tree, set := fake(t)
	for file, text := range map[string]string{
		"pids.current": "3\n", "pids.max": "10\n", "pids.events": "max 7\n",
		"memory.current": "2097152\n", "memory.max": "max\n", "memory.events": "low 0\nhigh 0\nmax 4\noom 1\noom_kill 2\noom_group_kill 0\n",
	} {
		set("work/services/smbd", file, text)
	}
	set("admin/ssh", "pids.current", "8\n")
	set("admin/root", "pids.current", "1\n")
	set("work/guests/web", "pids.current", "5\n")
	want := []Usage{
		{Name: "user root", Tasks: 1}, {Name: "service ssh", Tasks: 8},
		{Name: "guest web", Tasks: 5},
		{Name: "service smbd", Tasks: 3, TasksLimit: 10, Memory: 2 << 20, Refused: 7, Ended: 2},
	}
	if got := tree.Usage(); !slices.Equal(got, want) {
		t.Errorf("\n%+v\nwant\n%+v", got, want)
	}
	smbd := want[3]
	for _, tt := range []struct {
		before Usage
		want   string
	}{
		{smbd, ""},
		{Usage{Refused: 7}, "service smbd: 2 MiB of memory, limit reached: 2 processes ended"},
		{Usage{Refused: 5, Ended: 1}, "service smbd: 3 processes of 10, limit reached: 2 more refused; 2 MiB of memory, limit reached: 1 processes ended"},
	} {
		if got := smbd.Since(tt.before); got != tt.want {
			t.Errorf("since %+v: %q, want %q", tt.before, got, tt.want)
		}
	}
}

// Page cache of work is no obstacle to more work, files in memory are.
func TestRoom(t *testing.T) {
	tree, set := fake(t)
	if got := tree.Room(100); got != 100 {
		t.Errorf("where nothing is limited there is %d, want all of 100", got)
	}
	set(work, "memory.max", "1000\n")
	set(work, "memory.current", "700\n")
	set(work, "memory.stat", "anon 300\nfile 400\nfile_mapped 50\nshmem 100\n")
	for available, want := range map[int64]int64{500: 500, 900: 600} {
		if got := tree.Room(available); got != want {
			t.Errorf("of %d there is %d, want %d", available, got, want)
		}
	}
	if got := Held(tree.dir); got != 400 {
		t.Errorf("work holds %d, want 400", got)
	}
}
