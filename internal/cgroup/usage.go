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

// parents are the groups whose groups people ask about.
var parents = []string{admin, users, services, guests}

// Usage tells of every group of a session, a service and a guest.
func (t Tree) Usage() (all []Usage) {
	if t.dir == "" {
		return nil
	}
	for _, parent := range parents {
		entries, _ := os.ReadDir(filepath.Join(t.dir, parent))
		for _, e := range entries {
			if e.IsDir() {
				all = append(all, t.usage(path.Join(parent, e.Name())))
			}
		}
	}
	return all
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
	case group == SSH() || kind == services+"/":
		return "service " + name
	case kind == guests+"/":
		return "guest " + name
	}
	return "user " + name
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
