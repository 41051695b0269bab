// Package service runs the services of the profile, and those that features add.
package service

import (
	"context"
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/oom"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/ctl"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/service/plan"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Linked is the feature [service.*].
var Linked = feature.Linked{
	Name: "service", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return newServices(d) },
	Programs: map[string]func(args []string) int{"sandbox": sandboxMain},
	Words:    words,
	Verbs:    map[string]func(args []string) int{"service": follow("service"), "security": follow("security")},
}

// follow is uinitctl's side of a question that is answered in lines.
func follow(word string) func([]string) int {
	return func(args []string) int { return ctl.Follow(append([]string{word}, args...)) }
}

type services struct {
	*feature.Deps
	all map[string]*supervise.Service
}

// newServices makes services of the image's rows: the box's owner has no say in them.
func newServices(d *feature.Deps) *services {
	s := &services{d, map[string]*supervise.Service{}}
	for name, cfg := range d.Machine.Now().Service {
		s.all[name] = supervise.New(name, cfg, supervise.Deps{
			Start: s.launch,
			Fact:  d.Facts.Fact,
			As:    told(name),
			Ready: supervise.Ready,
			Tell:  func(trouble error) { d.Outcomes.SetTrouble("service:"+name, trouble) },
			Log:   func(format string, args ...any) { d.Log.Warn(fmt.Sprintf(format, args...)) },
		})
	}
	return s
}

// told are the facts of a service.
func told(name string) supervise.Facts {
	return supervise.Facts{State: plan.State.Of(name), Exit: plan.Exit.Of(name), Restarts: plan.Restarts.Of(name)}
}

// launch starts a service's program. Control groups are asked for now, not before: they come with the unit "mounts".
func (s *services) launch(name string, cfg spec.Service) (supervise.Process, error) {
	l := supervise.Launcher{Environment: feature.Environment(), Output: s.Programs.Say, Sandboxed: supervise.Sandboxed()}
	l.Group, l.Adjustment = s.group(name, cfg)
	if program, place := s.Programs.Beside(name); program != nil {
		return program.Start(l, place, name, cfg)
	}
	return l.Start(name, cfg)
}

// group is the control group of a service and how soon the OOM killer takes it.
func (s *services) group(name string, cfg spec.Service) (dir string, adjustment int) {
	shares := s.Programs.Groups.Shares
	path, usual, adjustment := cgroup.Service(name), shares.Service, oom.Usual
	if name == spec.SSHService {
		path, usual, adjustment = cgroup.SSH(), shares.SSH, oom.Door
	}
	return s.Programs.Group(name, path, usual, cgroup.Limits{Memory: int64(cfg.Memory), Tasks: cfg.PIDs, CPU: cfg.CPU}), adjustment
}

// Step is the work behind "service:NAME".
func (s *services) Step(unit string) feature.Step {
	name := strings.TrimPrefix(unit, "service:")
	return feature.Step{
		Run:     func(ctx context.Context) error { return s.start(ctx, name) },
		Waiting: func() string { return s.waiting(name) },
	}
}

// start starts a service, unless the person at the console wants none.
func (s *services) start(ctx context.Context, name string) error {
	if s.Programs.None.Load() {
		return fmt.Errorf("left out at the console: %w", unit.ErrSkip)
	}
	return supervise.Unmanaged(s.all[name].Run(ctx))
}

// waiting says what a service is blocked on. One that waits for the random pool may be seen
// running, for it is its own time that the kernel takes for chance.
func (s *services) waiting(name string) string {
	what := s.all[name].Waiting()
	if pool := s.Random.Waiting(); what == "" && pool != "" {
		return "perhaps " + pool
	}
	return what
}

// Trouble is what is wrong with the program behind "service:NAME".
func (s *services) Trouble(unit string) (trouble error, known bool) {
	if name, ok := strings.CutPrefix(unit, "service:"); ok && s.all[name] != nil {
		return s.all[name].Trouble()
	}
	return nil, false
}
