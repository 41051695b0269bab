package vm

import (
	"context"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/status"
	"github.com/imgbuild/imgbuild/uinit/vm/qemu"
	"github.com/imgbuild/imgbuild/uinit/vm/qemu/qemutest"
)

// process is QEMU's, and ends with it.
type process struct{ q *qemutest.QEMU }

func (p process) Wait() supervise.Exit {
	<-p.q.Ended()
	return supervise.Exit{}
}
func (p process) Signal(syscall.Signal) error { return nil }
func (p process) Kill()                       { p.q.Hangup() }
func (p process) Blocked() string             { return "" }

// world is a machine with the guest "web", whose disks lie on /srv/vm with some space left.
type world struct {
	*guests
	q      *qemutest.QEMU
	free   int64
	states []string // facts, and what is shown of the unit
}

func newWorld(t *testing.T) *world {
	w := &world{free: 20 << 30}
	minute := spec.Duration(time.Minute)
	rows := map[string]spec.VM{"web": {Memory: 1 << 20, StopTimeout: minute, Disk: map[string]spec.VMDisk{"root": {Path: "/srv/vm/web.img"}, "more": {Path: "/srv/vm/more.img"}}}}
	d := featuretest.Deps(t, spec.Machine{VM: rows})
	d.Facts = status.NewBoard(func(e report.Event) {
		if e.Name == "vm.web.state" {
			w.states = append(w.states, e.Value.(string))
		} else if e.Name == "vm:web" {
			w.states = append(w.states, "unit "+e.State+" "+e.Message)
		}
	})
	d.Outcomes.Board = d.Facts
	w.guests = newGuests(d)
	d.Outcomes.Supervisors = []feature.Supervisor{w.guests}
	w.spaceOf = func(string) space { return space{At: "/srv/vm", Free: w.free, Total: 20 << 30} }
	w.launch = func(*guest, spec.Service) (supervise.Process, *qemu.Opened, error) {
		q, monitor := qemutest.New("running")
		w.q = q
		console, other := net.Pipe()
		go func() {
			<-q.Ended()
			other.Close()
		}()
		return process{q}, &qemu.Opened{Monitor: monitor, Console: console}, nil
	}
	close(w.prepared)
	if err := w.all["web"].service.Again(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Outcomes.Managed("vm:web", "ok", nil)
	synctest.Wait()
	w.q.Asked()
	w.states = nil
	return w
}

// listed is the guest's line in the answer to "uinitctl vm VERB web".
func listed(g *guests, verb string) (line string, err error) {
	var b strings.Builder
	err = g.answer(context.Background(), []string{verb, "web"}, func(e report.Event) error { return writeGuests(&b, false, []report.Event{e}) })
	_, line, _ = strings.Cut(strings.TrimSpace(b.String()), "\n")
	return line, err
}

// expect compares what was told and asked for since the last time.
func (w *world) expect(t *testing.T, when string, asked []string, states ...string) {
	t.Helper()
	synctest.Wait()
	if got := w.q.Asked(); !slices.Equal(got, asked) {
		t.Errorf("%s: QEMU is asked for %q, want %q", when, got, asked)
	}
	if !slices.Equal(w.states, states) {
		t.Errorf("%s: told are\n%q, want\n%q", when, w.states, states)
	}
	w.states = nil
}

// full has the guest's write fail.
func (w *world) full() {
	w.free = 100 << 10
	w.q.Turn("io-error", qemutest.NoSpace, `{"event": "BLOCK_IO_ERROR", "data": {"node-name": "disk-root", "operation": "write", "action": "stop", "nospace": true, "reason": "No space left on device"}}`, `{"event": "STOP"}`)
}

const (
	shown = "paused: no space on /srv/vm"
	said  = shown + ": 100K of 20G free; it goes on at 256M"
)

// A guest whose disk has no space is shown as that, and goes on by itself when there is some again, but not with a few blocks.
func TestGuestWithoutSpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.full()
		w.expect(t, "full", nil, shown, "unit failed "+said)
		if line, err := listed(w.guests, "list"); err != nil || line != "web          paused      1024K     0        no        0  no space on /srv/vm:..." {
			t.Errorf("listed as %q, %v", line, err)
		}
		time.Sleep(time.Hour)
		w.free = 255 << 20
		time.Sleep(time.Hour)
		w.expect(t, "for hours", nil)
		w.free = 300 << 20
		time.Sleep(roomPace)
		w.expect(t, "with some space", []string{"cont"})
		time.Sleep(settled)
		w.expect(t, "after a while", nil, "running", "unit ok ")
		w.all["web"].service.Stop(t.Context())
	})
}

// One that is paused again at once is tried less and less often, and nothing is told of it.
func TestGuestRelapses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.full()
		w.states = nil
		w.q.Relapse("io-error")
		w.free = 20 << 30
		time.Sleep(10 * time.Minute)
		if n := len(w.q.Asked()); n < 12 || n > 20 {
			t.Errorf("tried %d times in ten minutes", n)
		}
		w.expect(t, "without success", nil, "unit failed "+shown) // how full it is, is no reason any more
		w.q.Relapse("")
		time.Sleep(roomPause + settled)
		w.expect(t, "with success", []string{"cont"}, "running", "unit ok ")
		w.all["web"].service.Stop(t.Context())
	})
}

// What a person or the guest itself has halted is left alone, is shown as it is, and goes on when a person says so.
func TestHaltedGuests(t *testing.T) {
	for status, tt := range map[string]struct {
		state string
		start []string // what QEMU is asked for
		reset []string
	}{
		"paused":         {"paused: by QEMU's monitor", []string{"cont"}, []string{"system_reset", "cont"}},
		"suspended":      {"suspended", []string{"system_wakeup"}, []string{"system_reset", "cont"}},
		"io-error":       {"paused: I/O error on disk root", []string{"cont"}, []string{"system_reset", "cont"}},
		"internal-error": {"paused: QEMU or KVM could not go on with it; only a reset helps", nil, []string{"system_reset", "cont"}},
		"guest-panicked": {"paused: its kernel has panicked", nil, []string{"system_reset", "cont"}},
		"watchdog":       {"paused: watchdog", []string{"cont"}, []string{"system_reset", "cont"}},
	} {
		for verb, asked := range map[string][]string{"start": tt.start, "reset": tt.reset} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.q.Turn(status, strings.ReplaceAll(qemutest.NoSpace, "nospace", "failed"), `{"event": "STOP"}`)
				if got := featuretest.Fact(w.Deps, "vm.web.state"); got != tt.state {
					t.Errorf("%s: the state is %q, want %q", status, got, tt.state)
				}
				if trouble, known := w.Trouble("vm:web"); !known || (trouble != nil) != strings.HasPrefix(tt.state, paused) {
					t.Errorf("%s: %v", status, trouble)
				}
				time.Sleep(time.Hour)
				if asked := w.q.Asked(); asked != nil {
					t.Errorf("%s: by itself QEMU is asked for %q", status, asked)
				}
				line, err := listed(w.guests, verb)
				if got := w.q.Asked(); !slices.Equal(got, asked) || (err != nil) != (asked == nil) || err == nil && !strings.Contains(line, " running ") {
					t.Errorf("%s: to %s it QEMU is asked for %q, and the answer is %q, %v", status, verb, got, line, err)
				}
				w.all["web"].service.Stop(t.Context())
			})
		}
	}
}

// A guest that is halted hears no power button: it goes on for it where it can, and is switched off at once where not.
func TestStoppingHaltedGuests(t *testing.T) {
	for name, tt := range map[string]struct {
		status, then string // then: what the power button makes of it
		free         int64
		took         time.Duration
		asked        []string
	}{
		"runs":                     {"running", "", 1 << 30, time.Minute, []string{"system_powerdown", "quit"}},
		"without space":            {"io-error", "", 0, 0, []string{"quit"}},
		"with space":               {"io-error", "io-error", 1 << 30, 0, []string{"cont", "system_powerdown", "quit"}},
		"fills the disk meanwhile": {"running", "io-error", 0, 0, []string{"system_powerdown", "quit"}},
		"by the monitor":           {"paused", "paused", 0, 0, []string{"cont", "system_powerdown", "quit"}},
		"asleep":                   {"suspended", "paused", 0, 0, []string{"system_wakeup", "system_powerdown", "quit"}},
		"for good":                 {"internal-error", "", 1 << 30, 0, []string{"quit"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.free = tt.free
			w.q.Pressed(tt.then)
			w.q.Turn(tt.status, qemutest.NoSpace, `{"event": "STOP"}`)
			begin := time.Now()
			if err := w.all["web"].service.Stop(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if took, asked := time.Since(begin), slices.Compact(w.q.Asked()); took != tt.took || !slices.Equal(asked, tt.asked) {
				t.Errorf("%s: it took %v, and QEMU was asked for %q; want %v, %q", name, took, asked, tt.took, tt.asked)
			}
			if state := featuretest.Fact(w.Deps, "vm.web.state"); state != "stopped" {
				t.Errorf("%s: %v in the end", name, state)
			}
		})
	}
}
