package container

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/status"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// line is what "container list" and "container stats" tell of one. Sizes are in bytes.
type line struct {
	Image     string   `json:"image"`
	PID       int      `json:"pid,omitempty"`
	Restarts  int      `json:"restarts"`
	Addresses []string `json:"addresses,omitempty"`
	CPU       float64  `json:"cpu_seconds"`
	Memory    int64    `json:"memory"`
	Most      int64    `json:"memory_limit"`
	Tasks     int64    `json:"processes"`
	MostTasks int64    `json:"processes_limit"`
	Received  int64    `json:"received"`
	Sent      int64    `json:"sent"`
	Ended     int64    `json:"ended"` // processes, for want of memory
}

// words are what uinitctl says about containers.
var words = []feature.Word{
	{Use: "container [list|stats]", Does: "containers and their states; what they use"},
	{Use: "container start|stop|restart|log|console NAME", Does: "have one start, end; see it"},
	{Use: "container exec NAME [WORDS]", Does: "a command in one, or a shell"},
}

// verbs that go with a name.
var verbs = []string{"log", "exec", "console", "start", "stop", "restart"}

// Answers is the question "container".
func (c *containers) Answers() map[string]status.Stream {
	return map[string]status.Stream{"container": c.answer}
}

func (c *containers) answer(_ context.Context, args []string, send func(report.Event) error) error {
	args = append(args, "", "")
	verb, name := args[0], args[1]
	if verb == "list" || verb == "stats" {
		for _, name := range graph.Names(c.all) {
			if err := send(c.event(c.all[name], verb == "stats")); err != nil {
				return err
			}
		}
		return nil
	}
	if !slices.Contains(verbs, verb) {
		return fmt.Errorf("container: %q is not known; %w", verb, feature.Accepted(words, "container"))
	}
	one, names := c.all[name], graph.Names(c.all)
	switch {
	case name == "":
		return fmt.Errorf("container %s: which one? accepted: %s", verb, strings.Join(names, ", "))
	case one == nil:
		return fmt.Errorf("there is no container %q%s; accepted: %s", name, suggest.DidYouMean(name, names), strings.Join(names, ", "))
	case verb == "console" && !one.cfg.System:
		return fmt.Errorf("%s has no console, for it is no system; accepted: \"uinitctl container exec %[1]s\", \"uinitctl container log %[1]s\"", name)
	case verb == "exec":
		if pid, _ := one.now(); pid == 0 {
			return fmt.Errorf("%s is %s; accepted: \"uinitctl container start %[1]s\" first", name, one.service.State())
		}
	case verb == "console", verb == "log": // that there is one is all that matters
	default:
		return c.manage(verb, one, send)
	}
	return send(c.event(one, false))
}

// manage starts or stops a container, whether or not the asker waits for it.
func (c *containers) manage(verb string, one *container, send func(report.Event) error) error {
	if c.Life.Err() != nil {
		return context.Cause(c.Life)
	}
	state := unit.State(supervise.Stopped)
	var err error
	again := verb == "restart" || verb == "start" && one.service.State() == supervise.Pausing // nobody who says "start" means: after the pause
	if verb == "stop" || again {
		err = c.end(c.Life, one)
	}
	if verb != "stop" && err == nil {
		ctx, cancel := context.WithTimeoutCause(c.Life, starting, fmt.Errorf("it did not come within %v", starting))
		defer cancel()
		state, err = unit.OK, c.begin(ctx, one)
	}
	c.Outcomes.Managed("container:"+one.name, state, err)
	return errors.Join(err, send(c.event(one, false)))
}

// event is a container as it is now, with figures of what it uses where that is wanted.
func (c *containers) event(one *container, figures bool) report.Event {
	pid, _ := one.now()
	row := line{Image: one.image.Reference, PID: pid, Restarts: one.service.Restarts(), Addresses: one.shown()}
	if dir := c.Programs.Groups.Dir(group(one.name)); figures && dir != "" && pid != 0 {
		row.CPU = float64(cgroup.Counter(dir, "cpu.stat", "usage_usec")) / 1e6
		row.Memory, row.Most = cgroup.Figure(dir, "memory.current"), cgroup.Figure(dir, "memory.max")
		row.Tasks, row.MostTasks = cgroup.Figure(filepath.Join(dir, "inside"), "pids.current"), cgroup.Figure(dir, "pids.max")
		row.Ended = cgroup.Counter(dir, "memory.events", "oom_kill")
		row.Received, row.Sent = traffic(pid)
	}
	why := ""
	if err := one.trouble(); err != nil && pid == 0 {
		why = err.Error()
	} else if one.imageErr != nil {
		why = one.imageErr.Error()
	}
	return report.Event{Kind: report.KindFact, Name: one.name, State: string(one.service.State()), Message: why, Value: row}
}
