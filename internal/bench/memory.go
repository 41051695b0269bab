package bench

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

type peak struct{ own, together int64 }

// watch samples the memory of a process and its descendants until ctx ends.
func watch(ctx context.Context, pid int) (p peak) {
	tick := time.NewTicker(SampleEvery)
	defer tick.Stop()
	for {
		own, together := memory("/proc", pid)
		p.own, p.together = max(p.own, own), max(p.together, together)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return p
		}
	}
}

// memory reads the peak resident size of a process (VmHWM) and what it and its descendants hold now
// (VmRSS of each; proc_pid_status(5)), in bytes.
func memory(proc string, pid int) (own, together int64) {
	type process struct {
		parent   int
		now, top int64
	}
	all := map[int]process{}
	files, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "status")) // errs on bad patterns only
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		f := fields(string(b))
		id, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		all[id] = process{parent: int(f["PPid"]), now: f["VmRSS"] << 10, top: f["VmHWM"] << 10}
	}
	for id := range all {
		for at, depth := id, 0; at > 0 && depth <= len(all); at, depth = all[at].parent, depth+1 {
			if at == pid {
				together += all[id].now
				break
			}
		}
	}
	return all[pid].top, together
}

// fields reads the numbers of a status file; sizes are in kB there.
func fields(status string) map[string]int64 {
	f := map[string]int64{}
	for line := range strings.Lines(status) {
		name, value, _ := strings.Cut(line, ":")
		if n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64); err == nil {
			f[name] = n
		}
	}
	return f
}
