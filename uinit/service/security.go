package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/service/exposure"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
)

// security answers "security" with a line for each service and each guest that runs, and "security root" with the processes that have
// all of root's rights and shouldn't.
func (s *services) security(_ context.Context, args []string, send func(report.Event) error) error {
	say := func(format string, args ...any) error {
		return send(report.Event{Kind: report.KindLog, Message: fmt.Sprintf(format, args...)})
	}
	switch {
	case len(args) == 1 && args[0] == "root":
		return s.powerful(say)
	case len(args) > 0:
		return fmt.Errorf("%q is not known; %w", strings.Join(args, " "), feature.Accepted(words, "security"))
	}
	line := func(name string, h exposure.Holding) error {
		of100, word, by := h.Score()
		if h.PID == 0 {
			by += " (does not run)"
		}
		return say("%-24s %8.1f  %-9s  %s", name, float64(of100)/10, word, by)
	}
	err := say("%-24s %8s  %-9s  %s", "", "EXPOSURE", "", "OPENED BY")
	for _, name := range graph.Names(s.all) {
		h, _ := s.holding(name)
		if err == nil {
			err = line(name, h)
		}
	}
	for _, name := range graph.Names(s.Machine.Now().VM) {
		if h := exposure.Of("/proc", members(s.Programs.Groups.Dir(cgroup.Guest(name)))); h != nil && err == nil {
			err = line("vm:"+name, *h)
		}
	}
	return err
}

// powerful says which processes have all of root's rights besides those that may. What uinit does by a tool is soon over, and is
// waited for.
func (s *services) powerful(say func(string, ...any) error) error {
	programs := []string{"/proc/self/exe", supervise.Sandboxed()[0]}
	var found []string
	for range 20 {
		found = exposure.Powerful("/proc", os.Getpid(), programs, cgroup.Sessions())
		if len(found) == 0 {
			return say("nobody but uinit, the kernel and people's sessions has all of root's rights")
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-s.Life.Done():
			return context.Cause(s.Life)
		}
	}
	for _, line := range found {
		if err := say("%s", line); err != nil {
			return err
		}
	}
	return errors.New("these processes have all of root's rights")
}
