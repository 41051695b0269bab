package main

import (
	"context"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/unit"
	"github.com/imgbuild/imgbuild/uinit/virtioport"
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
func managing(t *testing.T, row spec.Service, runs ...time.Duration) *worker {
	w := &worker{Deps: featuretest.Deps(t, spec.Machine{}), reporter: &virtioport.Reporter{}, services: map[string]*supervise.Service{}}
	w.services["a"] = supervise.New("a", row, supervise.Deps{
		Start: func(string, spec.Service) (supervise.Process, error) {
			l := &life{over: make(chan supervise.Exit, 1)}
			if took := runs[0]; took > 0 {
				time.AfterFunc(took, func() { l.once.Do(func() { l.over <- supervise.Exit{Code: 7} }) })
			}
			runs = runs[min(1, len(runs)-1):]
			return l, nil
		},
		Fact: w.Facts.Fact, Log: func(string, ...any) {}, Ready: supervise.Ready,
		Tell: func(trouble error) { w.Outcomes.SetTrouble("service:a", trouble) },
	})
	return w
}

// boots starts the service as a boot does.
func (w *worker) boots(t *testing.T) {
	t.Helper()
	err := unit.Run(t.Context(), []unit.Unit{{Name: "service:a", Run: func(ctx context.Context) error { return w.startService(ctx, "a") }}},
		unit.Options{Report: w.Outcomes.Note, Settled: func(bool) { w.settled() }})
	if err != nil {
		t.Fatal(err)
	}
}

// shows compares what uinitctl status, the issue text and the fact say of the service.
func (w *worker) shows(t *testing.T, when, state, message string) {
	t.Helper()
	synctest.Wait()
	e := w.Facts.Units()[0]
	if e.State != state || e.Message != message {
		t.Errorf("%s: %s %q, want %s %q", when, e.State, e.Message, state, message)
	}
	want := "ok"
	if state == "failed" {
		want = "degraded"
	}
	for _, f := range w.Facts.Facts() {
		if f.Name == "boot.state" && f.Value != want {
			t.Errorf("%s: the boot is %v", when, f.Value)
		}
	}
	if troubles := w.Facts.Troubles(); (len(troubles) > 0) != (state == "failed") {
		t.Errorf("%s: troubles %q", when, troubles)
	}
}

func (w *worker) asked(verb string) error {
	return w.manage(verb)(context.Background(), []string{"service:a"}, func(report.Event) error { return nil })
}

// A unit shows what became of its service, however long after the boot, and whoever started it.
func TestServiceFailsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := managing(t, spec.Service{Restart: spec.RestartNever}, 5*time.Second, 1, 0)
		w.boots(t)
		w.shows(t, "after the boot", "ok", "")
		if err := w.asked("start"); err == nil || err.Error() != "starting a: it is running" {
			t.Errorf("starting what runs: %v", err)
		}
		w.shows(t, "after a start that was refused", "ok", "")
		time.Sleep(5 * time.Second)
		w.shows(t, "after its end", "failed", "exit status 7")
		if err := w.asked("start"); err == nil || err.Error() != "exit status 7" {
			t.Errorf("starting what ends at once: %v", err)
		}
		w.shows(t, "after a start that failed", "failed", "exit status 7")
		if err := w.asked("restart"); err != nil {
			t.Error(err)
		}
		w.shows(t, "after a start that succeeded", "ok", "")
		if err := w.asked("stop"); err != nil {
			t.Error(err)
		}
		w.shows(t, "after a stop", "stopped", "")
	})
}

// Three quick ends are a failure; the run that lives puts an end to that.
func TestServiceComesToItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := managing(t, spec.Service{}, 1, 1, 1, 0)
		w.boots(t)
		w.shows(t, "after the boot", "failed", "ended 3 times in a row at once: exit status 7")
		time.Sleep(10 * time.Second)
		w.shows(t, "once it lives", "ok", "")
		if err := w.asked("stop"); err != nil {
			t.Error(err)
		}
	})
}
