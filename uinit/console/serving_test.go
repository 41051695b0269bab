package console

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// consolesOf are those of a profile on a machine with some terminals, until the test ends its life.
func consolesOf(t *testing.T, rows map[string]spec.Console, h host) (c *consoles, end func()) {
	t.Helper()
	c = newConsoles(featuretest.Deps(t, spec.Machine{Console: rows}))
	c.Life, end = context.WithCancel(t.Context())
	c.host = h
	return c, end
}

func added(subsystem, device string) dev.Event {
	return dev.Event{Action: "add", Path: "/devices/" + subsystem + "/" + device, Env: map[string]string{"SUBSYSTEM": subsystem}}
}

// A terminal that is not there is no fault, and is served when the kernel announces it, or may have.
func TestServedWhenItComesUp(t *testing.T) {
	h := machine(t, nil)
	synctest.Test(t, func(t *testing.T) {
		c, end := consolesOf(t, map[string]spec.Console{"ttyUSB0": {Login: spec.LoginAutologin}}, h)
		tries := 0
		c.login = func(name string, row spec.Console) error {
			if tries++; name != "ttyUSB0" || row.Login != spec.LoginAutologin {
				t.Errorf("serves %s as %+v", name, row)
			}
			if tries < 4 {
				return &AbsentError{name}
			}
			<-c.Life.Done()
			return nil
		}
		var absent *AbsentError
		if err := c.serve("ttyUSB0"); !errors.Is(err, unit.ErrSkip) || !errors.As(err, &absent) {
			t.Errorf("an absent terminal: %v", err)
		}
		for _, tt := range []struct {
			event dev.Event
			tries int
		}{
			{added("tty", "ttyUSB1"), 1}, {added("net", "ttyUSB0"), 1}, {dev.Event{Action: "remove", Path: "/devices/tty/ttyUSB0", Env: map[string]string{"SUBSYSTEM": "tty"}}, 1},
			{added("tty", "ttyUSB0"), 2}, {dev.Event{Action: dev.Overflow}, 3}, {added("tty", "ttyUSB0"), 4}, {added("tty", "ttyUSB0"), 4},
		} {
			c.Events.Send(tt.event)
			synctest.Wait()
			if tries != tt.tries {
				t.Errorf("after %v it was tried %d times, want %d", tt.event, tries, tt.tries)
			}
		}
		if got := featuretest.Fact(c.Deps, "console.ttyUSB0"); got != nil {
			t.Errorf("an absent terminal is told as %v", got)
		}
		end()
		synctest.Wait()
	})
}

// One that is there is told; one that fails is tried again, less and less often, also after a panic, until the machine goes down.
func TestServedAgain(t *testing.T) {
	broken := errors.New("broken")
	for name, fail := range map[string]func() error{"an error": func() error { return broken }, "a panic": func() error { panic(broken) }} {
		synctest.Test(t, func(t *testing.T) {
			c, end := consolesOf(t, map[string]spec.Console{"ttyS0": {}}, host{})
			begin := time.Now()
			var at []time.Duration
			c.login = func(string, spec.Console) error { at = append(at, time.Since(begin)/time.Second); return fail() }
			if err := c.serve("ttyS0"); err == nil || errors.Is(err, unit.ErrSkip) || name == "an error" && !errors.Is(err, broken) {
				t.Errorf("%s: %v", name, err)
			}
			time.Sleep(200 * time.Second)
			end()
			synctest.Wait()
			if want := []time.Duration{0, 1, 3, 7, 15, 31, 63, 123, 183}; !slices.Equal(at, want) {
				t.Errorf("%s: tried at %d s, want %d", name, at, want)
			}
			if leave, free := c.terminals.try("ttyS0"); !free {
				t.Errorf("%s: the terminal is still taken", name)
			} else {
				leave()
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		c, end := consolesOf(t, map[string]spec.Console{"ttyS0": {Login: spec.LoginPassword}}, host{})
		held, _ := c.terminals.try("ttyS0")
		served := 0
		c.login = func(string, spec.Console) error { served++; <-c.Life.Done(); return nil }
		begin := time.Now()
		if err := c.Step("console:ttyS0").Run(t.Context()); err != nil || time.Since(begin) != 50*time.Millisecond || featuretest.Fact(c.Deps, "console.ttyS0") != string(spec.LoginPassword) {
			t.Errorf("%v after %v; told as %v", err, time.Since(begin), featuretest.Fact(c.Deps, "console.ttyS0"))
		}
		if !c.served["ttyS0"] || served != 0 {
			t.Errorf("in the list: %v; served %d times while the menu has it", c.served["ttyS0"], served)
		}
		held()
		synctest.Wait()
		if served != 1 {
			t.Errorf("served %d times", served)
		}
		end()
		synctest.Wait()
	})
}

// A terminal that comes up later and that a pattern means is served, once; one that has its unit is not served again.
func TestServeNew(t *testing.T) {
	h := machine(t, map[string]string{"ttyS0": "4", "ttyUSB0": ""})
	synctest.Test(t, func(t *testing.T) {
		c, end := consolesOf(t, map[string]spec.Console{"ttyS0": {}, "ttyUSB*": {}, "ttyUSB9": {Login: spec.LoginOff}}, h)
		served := map[string]int{}
		c.login = func(name string, _ spec.Console) error { served[name]++; <-c.Life.Done(); return nil }
		c.served["ttyS0"] = true
		c.Start()
		synctest.Wait()
		come := func(name string) {
			put(t, filepath.Join(h.dev, name), "")
			if err := os.MkdirAll(filepath.Join(h.sys, "class/tty", name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range []struct {
			come  string
			event dev.Event
			want  string
		}{
			{"", added("net", "eth0"), "map[ttyUSB0:1]"}, {"ttyUSB1", added("usb", "1-1"), "map[ttyUSB0:1]"},
			{"", added("tty", "ttyUSB1"), "map[ttyUSB0:1 ttyUSB1:1]"}, {"ttyUSB2", dev.Event{Action: dev.Overflow}, "map[ttyUSB0:1 ttyUSB1:1 ttyUSB2:1]"},
			{"ttyUSB9", added("tty", "ttyUSB9"), "map[ttyUSB0:1 ttyUSB1:1 ttyUSB2:1]"}, {"ttyUSB3", dev.Event{Action: "remove", Env: map[string]string{"SUBSYSTEM": "tty"}}, "map[ttyUSB0:1 ttyUSB1:1 ttyUSB2:1]"},
		} {
			if tt.come != "" {
				come(tt.come)
			}
			c.Events.Send(tt.event)
			synctest.Wait()
			if got := fmt.Sprint(served); got != tt.want {
				t.Errorf("after %v: %s, want %s", tt.event, got, tt.want)
			}
		}
		end()
		synctest.Wait()
	})
}

// Who presses the key gets a menu, if the terminal is free; the boot stands still meanwhile, and goes on as was chosen.
func TestOfferHold(t *testing.T) {
	h := machine(t, map[string]string{"ttyS0": "4", "tty1": "", "ttyS1": "4"})
	put(t, filepath.Join(h.sys, "class/tty/console/active"), "ttyS0 tty1\n")
	for name, tt := range map[string]struct {
		key    string
		busy   bool
		choice Choice
		held   int // how often the boot was told
		menu   bool
		bare   bool
	}{
		"nobody":             {"", false, Continue, 0, false, false},
		"continue":           {"ttyS1", false, Continue, 2, true, false},
		"without services":   {"ttyS1", false, NoServices, 2, true, true},
		"a terminal in use":  {"ttyS1", true, Continue, 0, false, false},
		"one with no row":    {"tty1", false, Continue, 2, true, false},
		"without it, in use": {"tty1", true, NoServices, 0, false, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, end := consolesOf(t, map[string]spec.Console{"ttyS1": {Login: spec.LoginAutologin}}, h)
			defer end()
			c.served["ttyS1"], c.served["ttyS0"] = true, true
			if tt.busy {
				_, _ = c.terminals.try(tt.key)
			}
			c.key = func(_ context.Context, names []string) string {
				if want := []string{"tty1", "ttyS0", "ttyS1"}; !slices.Equal(names, want) {
					t.Errorf("listens on %q, want %q", names, want)
				}
				return tt.key
			}
			shown, told := 0, []func(string) bool(nil)
			c.menu = func(at string, row spec.Console, waiting func() []string) Choice {
				if shown++; at != tt.key || (row.Login == spec.LoginAutologin) != (at == "ttyS1") || len(told) != 1 || told[0] == nil || !told[0]("service:x") || len(waiting()) != 1 {
					t.Errorf("%s: a menu on %s for %+v, after the boot was told %d times", name, at, row, len(told))
				}
				if _, free := c.terminals.try(at); free {
					t.Errorf("%s: a login may come up in the menu", name)
				}
				return tt.choice
			}
			starting, started := context.WithCancel(t.Context())
			hold := c.Hold(starting, nil)
			synctest.Wait()
			for len(told) < tt.held {
				told = append(told, <-hold)
				synctest.Wait()
			}
			if (shown == 1) != tt.menu || c.Programs.None.Load() != tt.bare || tt.held == 2 && told[1] != nil {
				t.Errorf("%s: %d menus; without services: %v", name, shown, c.Programs.None.Load())
			}
			leave, free := c.terminals.try("ttyS1")
			if free == (tt.busy && tt.key == "ttyS1") {
				t.Errorf("%s: the terminal is free: %v", name, free)
			}
			if free {
				leave()
			}
			started()
			synctest.Wait()
		})
	}
	// A boot that is over listens no more.
	synctest.Test(t, func(t *testing.T) {
		c, end := consolesOf(t, nil, h)
		defer end()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		c.key = func(context.Context, []string) string { return "ttyS0" }
		c.menu = func(string, spec.Console, func() []string) Choice { return NoServices }
		_ = c.Hold(over, nil)
		synctest.Wait() // it does not wait for ever
		if !c.Programs.None.Load() {
			t.Error("what was chosen late does not count")
		}
	})
}

// What the menu shows of a boot: who runs or is late, and for what.
func TestWaiting(t *testing.T) {
	c, end := consolesOf(t, nil, host{})
	defer end()
	for name, what := range map[string]string{"a": "a carrier", "b": "", "d": "nothing"} {
		c.Facts.Waits(name, func() string { return what })
	}
	if got := c.waiting(); len(got) != 1 {
		t.Errorf("nothing runs: %q", got)
	}
	for name, state := range map[string]unit.State{"a": unit.Running, "b": unit.Late, "c": unit.Running, "d": unit.OK, "e": unit.Failed} {
		c.Facts.Unit(report.Event{Kind: report.KindUnit, Name: name, State: string(state)}, false)
	}
	got := c.waiting()
	slices.Sort(got)
	if want := []string{"a running: a carrier", "b late", "c running"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A menu comes again after a shell, and not where nobody was in.
func TestMenuAgain(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx  context.Context
		ends []gettyResult
		want Choice
		n    int
	}{
		"chosen":             {t.Context(), []gettyResult{{choice: NoServices}}, NoServices, 1},
		"chosen, then a row": {t.Context(), []gettyResult{{inside: true, choice: NoServices}}, NoServices, 1},
		"nobody":             {t.Context(), []gettyResult{{}}, Continue, 1},
		"after two shells":   {t.Context(), []gettyResult{{inside: true}, {inside: true}, {choice: NoServices}}, NoServices, 3},
		"a shell, the end":   {over, []gettyResult{{inside: true}, {choice: NoServices}}, Continue, 1},
	} {
		n := 0
		got := menuOf(tt.ctx, func() gettyResult { n++; return tt.ends[n-1] })
		if got != tt.want || n != tt.n {
			t.Errorf("%s: %q after %d; want %q after %d", name, got, n, tt.want, tt.n)
		}
	}
}
