package cgroup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// await fails the test when something does not come true.
func await(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !yes(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waiting for %s", what)
		}
	}
}

// fake is a tree of plain files, which change as the kernel's do.
func fake(t *testing.T) (tree Tree, set func(group, file, text string)) {
	dir := t.TempDir()
	for _, parent := range []string{admin, users} {
		if err := os.MkdirAll(filepath.Join(dir, parent), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return Tree{dir: dir}, func(group, file, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, group), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, group, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWatch(t *testing.T) {
	tree, set := fake(t)
	set("work/users/ann", "pids.current", "150\n")
	set("work/users/ann", "pids.max", "200\n")
	set("work/users/ann", "pids.events", "max 7\n")
	set("work/users/ann", "memory.current", "1048576\n")
	set("work/users/ann", "memory.max", "max\n")
	set("work/users/ann", "memory.events", "low 0\nmax 9\noom_kill 0\noom_group_kill 0\n")
	set("admin/ssh", "memory.events", "oom_kill 0\n")
	ctx, stop := context.WithCancel(t.Context())
	lines, done := make(chan string), make(chan error, 1)
	go func() { done <- tree.Watch(ctx, 50*time.Millisecond, func(line string) { lines <- line }) }()
	says := func(want string) {
		t.Helper()
		select {
		case got := <-lines:
			if got != want {
				t.Errorf("%q, want %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("it does not say %q", want)
		}
	}
	// The first change may come before the watch, and be old then.
	refused := 24
	for told := false; !told; refused++ {
		set("work/users/ann", "pids.events", fmt.Sprintf("max %d\n", refused))
		select {
		case got := <-lines:
			told = true
			if want := "user ann: 150 processes of 200, limit reached: "; !strings.HasPrefix(got, want) {
				t.Errorf("%q, want %q and so on", got, want)
			}
		case <-time.After(10 * time.Millisecond):
		}
	}
	// Many at once are one line, after a while: what is written while nobody takes it counts as one.
	for range 1000 {
		set("work/users/ann", "pids.events", fmt.Sprintf("max %d\n", refused))
		refused++
	}
	said := 0
	for total := 0; total < 1000; said++ {
		line := <-lines
		var n int
		if _, err := fmt.Sscanf(line, "user ann: 150 processes of 200, limit reached: %d more refused", &n); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		total += n
	}
	if said > 100 {
		t.Errorf("1000 refusals are %d lines", said)
	}
	set("admin/ssh", "memory.events", "oom_kill 3\n")
	says("service ssh: 0 MiB of memory, limit reached: 3 processes ended")
	// A kind of work that is new, with a group that has reached its limit before anybody looked.
	dir := filepath.Join(t.TempDir(), "robots")
	for file, text := range map[string]string{"pids.current": "9\n", "pids.max": "9\n", "pids.events": "max 2\n"} {
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, "marvin"), 0o755), os.WriteFile(filepath.Join(dir, "marvin", file), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(dir, filepath.Join(tree.dir, work, "robots")); err != nil {
		t.Fatal(err)
	}
	says("robot marvin: 9 processes of 9, limit reached: 2 more refused")
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
