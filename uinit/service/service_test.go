package service

import (
	"context"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	base "github.com/imgbuild/imgbuild/uinit/base/plan"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// life is a program that ends with a status after a time, or by a signal.
type life struct {
	once sync.Once
	over chan supervise.Exit
}

func (l *life) Wait() supervise.Exit { return <-l.over }
func (l *life) Signal(s syscall.Signal) error {
	l.once.Do(func() { l.over <- supervise.Exit{Signal: s} })
	return nil
}
func (l *life) Kill()           { _ = l.Signal(syscall.SIGKILL) }
func (l *life) Blocked() string { return "" }

// managing is a machine with one service, whose runs take as long as given and then fail; a run that takes 0
// does not end.
func managing(t *testing.T, cfg spec.Service, runs ...time.Duration) *services {
	s := &services{featuretest.Deps(t, spec.Machine{}), map[string]*supervise.Service{}}
	s.Outcomes.Supervisors = []feature.Supervisor{s}
	defaults.Fill(&cfg)
	s.all["a"] = supervise.New("a", cfg, supervise.Deps{
		Start: func(string, spec.Service) (supervise.Process, error) {
			l := &life{over: make(chan supervise.Exit, 1)}
			if took := runs[0]; took > 0 {
				time.AfterFunc(took, func() { l.once.Do(func() { l.over <- supervise.Exit{Code: 7} }) })
			}
			runs = runs[min(1, len(runs)-1):]
			return l, nil
		},
		Fact: s.Facts.Fact, As: told("a"), Log: func(string, ...any) {}, Ready: supervise.Ready,
		Tell: func(trouble error) { s.Outcomes.SetTrouble("service:a", trouble) },
	})
	return s
}

// boots starts the service as a boot does.
func (s *services) boots(t *testing.T) {
	t.Helper()
	err := unit.Run(t.Context(), []unit.Unit{{Name: "service:a", Run: func(ctx context.Context) error { return s.start(ctx, "a") }}},
		unit.Options{Report: s.Outcomes.Note, Settled: func(bool) { s.Facts.Settle(base.BootState) }})
	if err != nil {
		t.Fatal(err)
	}
}

// shows compares what uinitctl status, the issue text and the fact say of the service.
func (s *services) shows(t *testing.T, when, state, message string) {
	t.Helper()
	synctest.Wait()
	e := s.Facts.Units()[0]
	if e.State != state || e.Message != message {
		t.Errorf("%s: %s %q, want %s %q", when, e.State, e.Message, state, message)
	}
	want := "ok"
	if state == "failed" {
		want = "degraded"
	}
	for _, f := range s.Facts.Facts() {
		if f.Name == "boot.state" && f.Value != want {
			t.Errorf("%s: the boot is %v", when, f.Value)
		}
	}
	if troubles := s.Facts.Troubles(); (len(troubles) > 0) != (state == "failed") {
		t.Errorf("%s: troubles %q", when, troubles)
	}
}

func (s *services) asked(verb string) error {
	return s.manage(verb)(context.Background(), []string{"service:a"}, func(report.Event) error { return nil })
}

// A unit shows what became of its service, however long after the boot, and whoever started it.
func TestServiceFailsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managing(t, spec.Service{Restart: spec.RestartNever}, 5*time.Second, 1, 0)
		s.boots(t)
		s.shows(t, "after the boot", "ok", "")
		if err := s.asked("start"); err == nil || err.Error() != "starting a: it is running" {
			t.Errorf("starting what runs: %v", err)
		}
		s.shows(t, "after a start that was refused", "ok", "")
		time.Sleep(5 * time.Second)
		s.shows(t, "after its end", "failed", "exit status 7")
		if err := s.asked("start"); err == nil || err.Error() != "exit status 7" {
			t.Errorf("starting what ends at once: %v", err)
		}
		s.shows(t, "after a start that failed", "failed", "exit status 7")
		if err := s.asked("restart"); err != nil {
			t.Error(err)
		}
		s.shows(t, "after a start that succeeded", "ok", "")
		if err := s.asked("stop"); err != nil {
			t.Error(err)
		}
		s.shows(t, "after a stop", "stopped", "")
	})
}

// What fails for good before its unit's outcome is noted is not shown as well by that note.
func TestServiceFailsBeforeTheNote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managing(t, spec.Service{Restart: spec.RestartNever}, 5*time.Second)
		slow := unit.Unit{Name: "service:a", Run: func(ctx context.Context) error {
			defer time.Sleep(10 * time.Second)
			return s.start(ctx, "a")
		}}
		if err := unit.Run(t.Context(), []unit.Unit{slow}, unit.Options{Report: s.Outcomes.Note}); err != nil {
			t.Fatal(err)
		}
		s.Facts.Settle(base.BootState)
		s.shows(t, "after the note", "failed", "exit status 7")
	})
}

// Three quick ends are a failure; the run that lives puts an end to that.
func TestServiceComesToItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managing(t, spec.Service{}, 1, 1, 1, 0)
		s.boots(t)
		s.shows(t, "after the boot", "failed", "ended 3 times in a row at once: exit status 7")
		time.Sleep(10 * time.Second)
		s.shows(t, "once it lives", "ok", "")
		if err := s.asked("stop"); err != nil {
			t.Error(err)
		}
	})
}
