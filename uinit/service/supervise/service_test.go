package supervise

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// fake is a process that ends by itself after a time, or when it is asked to, or never.
type fake struct {
	life     time.Duration
	exit     Exit
	stubborn bool // ends by SIGKILL only
	immortal bool // not even then

	once sync.Once
	over chan Exit
}

func (p *fake) end(e Exit) { p.once.Do(func() { p.over <- e }) }

func (p *fake) Wait() Exit { return <-p.over }

func (p *fake) Signal(s syscall.Signal) error {
	if !p.stubborn {
		p.end(Exit{Signal: s})
	}
	return nil
}

func (p *fake) Kill() {
	if !p.immortal {
		p.end(Exit{Signal: syscall.SIGKILL})
	}
}

func (p *fake) Blocked() string { return "read /dev/random" }

// trace records facts with the second they were told at.
type trace struct {
	begin time.Time
	mu    sync.Mutex
	lines []string
}

func (t *trace) fact(f fact.Fact) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, fmt.Sprintf("%v %s=%v", time.Since(t.begin), f.Name(), f.Value()))
}

// supervised makes a service whose runs are given; the last one repeats.
func supervised(cfg spec.Service, runs ...*fake) (*Service, *trace) {
	tr := &trace{begin: time.Now()}
	n := 0
	defaults.Fill(&cfg)
	return New("a", cfg, Deps{
		Start: func(string, spec.Service) (Process, error) {
			r := runs[min(n, len(runs)-1)]
			n++
			if r.exit.Err != nil {
				return nil, r.exit.Err
			}
			p := &fake{exit: r.exit, stubborn: r.stubborn, immortal: r.immortal, over: make(chan Exit, 1)}
			if r.life > 0 {
				time.AfterFunc(r.life, func() { p.end(r.exit) })
			}
			return p, nil
		},
		Fact: tr.fact, Log: func(string, ...any) {},
		As: Facts{State: fact.One[string]{Name: "state"}, Exit: fact.One[string]{Name: "exit"}, Restarts: fact.One[int]{Name: "restarts"}},
	}), tr
}

func TestSupervision(t *testing.T) {
	const ms = time.Millisecond
	bad := Exit{Code: 3}
	for _, tt := range []struct {
		name    string
		cfg     spec.Service
		runs    []*fake
		watch   time.Duration // how long after Run
		runErr  string
		runTook time.Duration
		want    string
	}{
		{"lives", spec.Service{}, []*fake{{}}, 0, "", 1000 * ms, "0s state=starting, 0s state=running"},
		{"a task that ends well", spec.Service{}, []*fake{{life: 10 * ms}}, 0, "", 10 * ms,
			"0s state=starting, 0s state=running, 10ms exit=exit status 0, 10ms state=exited"},
		{"never again", spec.Service{Restart: spec.RestartNever}, []*fake{{life: 10 * ms, exit: bad}}, 0, "exit status 3", 10 * ms,
			"0s state=starting, 0s state=running, 10ms exit=exit status 3, 10ms state=failed"},
		{"always, even after success", spec.Service{Restart: spec.RestartAlways}, []*fake{{life: 2 * time.Second}, {}}, 3 * time.Second, "", 1000 * ms,
			"0s state=starting, 0s state=running, 2s exit=exit status 0, 2s state=pausing, 3s restarts=1, 3s state=starting, 3s state=running"},
		{"dies at once, for ever: three strikes, and pauses that double", spec.Service{}, []*fake{{life: 10 * ms, exit: bad}}, 0,
			"ended 3 times in a row at once: exit status 3", 3030 * ms,
			"0s state=starting, 0s state=running, 10ms exit=exit status 3, 10ms state=pausing, " +
				"1.01s restarts=1, 1.01s state=starting, 1.01s state=running, 1.02s exit=exit status 3, 1.02s state=pausing, " +
				"3.02s restarts=2, 3.02s state=starting, 3.02s state=running, 3.03s exit=exit status 3, 3.03s state=pausing"},
		{"stumbles once", spec.Service{}, []*fake{{life: 10 * ms, exit: bad}, {}}, 0, "", 2010 * ms,
			"0s state=starting, 0s state=running, 10ms exit=exit status 3, 10ms state=pausing, 1.01s restarts=1, 1.01s state=starting, 1.01s state=running"},
		{"no such program", spec.Service{Restart: spec.RestartNever}, []*fake{{exit: Exit{Err: errors.New("no such file")}}}, 0, "no such file", 0,
			"0s state=starting, 0s exit=no such file, 0s state=failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, tr := supervised(tt.cfg, tt.runs...)
				err := s.Run(t.Context())
				if took := time.Since(tr.begin); took != tt.runTook || fmt.Sprint(err) != orNil(tt.runErr) {
					t.Errorf("Run: %v after %v, want %v after %v", err, took, orNil(tt.runErr), tt.runTook)
				}
				time.Sleep(tt.watch)
				synctest.Wait()
				tr.mu.Lock()
				got := strings.Join(tr.lines, ", ")
				tr.mu.Unlock()
				if got != tt.want {
					t.Errorf("got\n  %s\nwant\n  %s", got, tt.want)
				}
				if err := s.Stop(t.Context()); err != nil {
					t.Errorf("Stop: %v", err)
				}
			})
		})
	}
}

func orNil(s string) string {
	if s == "" {
		return "<nil>"
	}
	return s
}

func TestStop(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  *fake
		took time.Duration
		err  bool
	}{
		{"heeds the signal", &fake{}, 0, false},
		{"must be killed", &fake{stubborn: true}, 2 * time.Second, false},
		{"stuck in the kernel", &fake{stubborn: true, immortal: true}, 3 * time.Second, true},
		{"between two runs", &fake{life: time.Millisecond, exit: Exit{Code: 1}}, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _ := supervised(spec.Service{StopTimeout: spec.Duration(2 * time.Second), RestartDelay: spec.Duration(time.Hour), RestartMax: spec.Duration(time.Hour)}, tt.run)
				ctx, cancel := context.WithTimeout(t.Context(), 600*time.Millisecond)
				defer cancel()
				_ = s.Run(ctx)
				begin := time.Now()
				err := s.Stop(t.Context())
				if took := time.Since(begin); took != tt.took || (err != nil) != tt.err {
					t.Errorf("Stop: %v after %v, want an error: %v, after %v", err, took, tt.err, tt.took)
				}
				if tt.err { // let the goroutine end
					s.process.(*fake).end(Exit{})
				} else if s.State() != Stopped {
					t.Errorf("state %s", s.State())
				}
			})
		})
	}
}

func TestStopBeforeRun(t *testing.T) {
	s, _ := supervised(spec.Service{}, &fake{})
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Run(t.Context()); err == nil || s.State() != Stopped {
		t.Errorf("Run after Stop: %v, state %s", err, s.State())
	}
}

func TestBackoff(t *testing.T) {
	b := Backoff{Min: time.Second, Max: 5 * time.Second}
	var got []time.Duration
	for _, ran := range []time.Duration{0, 0, 0, 0, 0, healthy, 0, healthy - 1} {
		got = append(got, b.Next(ran)/time.Second)
	}
	if want := []time.Duration{1, 2, 4, 5, 5, 1, 2, 4}; !reflect.DeepEqual(got, want) {
		t.Errorf("pauses %v s, want %v", got, want)
	}
}

func TestOutputIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log []string
		o := NewOutput(func(name, line string) { log = append(log, line) })
		for i := range 1000 {
			o.Line("a", fmt.Sprint(i))
		}
		if len(log) != burst || log[burst-1] != "49" {
			t.Errorf("%d lines logged at once, want %d", len(log), burst)
		}
		o.Line("b", "other services are not muted")
		time.Sleep(time.Second)
		o.Line("a", "again")
		if got, want := log[burst:], []string{"other services are not muted", "(950 lines left out)", "again"}; !reflect.DeepEqual(got, want) {
			t.Errorf("then %q, want %q", got, want)
		}
		if tail := o.Tail("a"); len(tail) != kept || tail[kept-1] != "again" || tail[0] != "801" {
			t.Errorf("tail of %d lines from %q", len(tail), tail[0])
		}
	})
}
