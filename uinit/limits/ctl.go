package limits

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/ctl"
	"github.com/imgbuild/imgbuild/uinit/status"
)

// question is the word of uinitctl.
const question = "limits"

// Answers is what "uinitctl limits" asks for.
func (l *limits) Answers() map[string]status.Stream {
	return map[string]status.Stream{question: func(_ context.Context, _ []string, send func(report.Event) error) error {
		for _, u := range l.Programs.Groups.Usage() {
			if err := send(report.Event{Kind: report.KindFact, Name: u.Name, Value: u}); err != nil {
				return err
			}
		}
		return nil
	}}
}

// show is "uinitctl limits".
func show([]string) int {
	events, err := status.Ask(status.Socket, question)
	if err != nil {
		fmt.Fprintln(os.Stderr, "uinitctl:", err)
		return 1
	}
	return writeLimits(os.Stdout, events)
}

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
