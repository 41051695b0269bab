package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/ctl"
)

// writeLimits prints what each session, service and guest uses of what it may, and returns the exit status.
func writeLimits(w io.Writer, events []report.Event) int {
	fmt.Fprintf(w, "%-24s %15s %17s  %s\n", "", "PROCESSES", "MEMORY, MIB", "REFUSED, ENDED")
	for _, e := range events {
		// What came as JSON is a map by now.
		var u cgroup.Usage
		b, err := json.Marshal(e.Value)
		if err == nil {
			err = json.Unmarshal(b, &u)
		}
		if err != nil {
			return 1
		}
		hits := ""
		if u.Refused+u.Ended > 0 {
			hits = fmt.Sprintf("%d, %d", u.Refused, u.Ended)
		}
		line := fmt.Sprintf("%-24s %15s %17s  %s", e.Name, ofLimit(u.Tasks, u.TasksLimit), ofLimit(u.Memory>>20, u.MemoryLimit>>20), hits)
		fmt.Fprintln(w, ctl.Cut(line))
	}
	return 0
}

func ofLimit(used, limit int64) string {
	if limit == 0 {
		return fmt.Sprint(used)
	}
	return fmt.Sprintf("%d of %d", used, limit)
}
