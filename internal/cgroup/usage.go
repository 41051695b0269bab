package cgroup

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Usage is what a group uses and may use; a limit of 0 is none. Memory is in bytes.
type Usage struct {
	// Name is for people: "user ann", "service smbd", "guest web".
	Name        string `json:"-"`
	Tasks       int64  `json:"processes"`
	TasksLimit  int64  `json:"processes_limit,omitempty"`
	Memory      int64  `json:"memory"`
	MemoryLimit int64  `json:"memory_limit,omitempty"`
	// Refused counts processes that did not start, Ended those that the kernel ended for want of memory.
	Refused int64 `json:"refused,omitempty"`
	Ended   int64 `json:"ended,omitempty"`
}

// Usage tells of every group of a session, people's first, and of all that features run.
func (t Tree) Usage() (all []Usage) {
	if t.dir == "" {
		return nil
	}
	for _, group := range append(t.in(admin), t.in(users)...) {
		all = append(all, t.usage(group))
	}
	for _, kind := range t.in(work) {
		for _, group := range t.in(kind) {
			if kind != users {
				all = append(all, t.usage(group))
			}
		}
	}
	return all
}

// in are the groups in a group.
func (t Tree) in(group string) (groups []string) {
	entries, _ := os.ReadDir(filepath.Join(t.dir, group))
	for _, e := range entries {
		if e.IsDir() {
			groups = append(groups, path.Join(group, e.Name()))
		}
	}
	return groups
}

func (t Tree) usage(group string) Usage {
	dir := filepath.Join(t.dir, group)
	return Usage{
		Name: label(group), Tasks: Figure(dir, "pids.current"), TasksLimit: Figure(dir, "pids.max"),
		Memory: Figure(dir, "memory.current"), MemoryLimit: Figure(dir, "memory.max"),
		Refused: Counter(dir, "pids.events", "max"), Ended: Counter(dir, "memory.events", "oom_kill"),
	}
}

func label(group string) string {
	kind, name := path.Split(group)
	switch {
	case group == SSH():
		return "service " + name
	case kind == admin+"/":
		return "user " + name
	}
	return strings.TrimSuffix(path.Base(kind), "s") + " " + name
}

// Since is what happened since an earlier usage of the group, as a line for the log; "" for nothing.
func (u Usage) Since(before Usage) string {
	var said []string
	if n := u.Refused - before.Refused; n > 0 {
		said = append(said, fmt.Sprintf("%d processes%s, limit reached: %d more refused", u.Tasks, of(u.TasksLimit, ""), n))
	}
	if n := u.Ended - before.Ended; n > 0 {
		said = append(said, fmt.Sprintf("%d MiB of memory%s, limit reached: %d processes ended", u.Memory/mebibyte, of(u.MemoryLimit/mebibyte, " MiB"), n))
	}
	if said == nil {
		return ""
	}
	return u.Name + ": " + strings.Join(said, "; ")
}

// of names a limit; the one that was reached may be that of all users, or of all work.
func of(limit int64, unit string) string {
	if limit == 0 {
		return ""
	}
	return fmt.Sprintf(" of %d%s", limit, unit)
}
