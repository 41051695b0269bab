package check_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// fake is a guest made of pipes. Its other ends are the test's to play.
type fake struct {
	ctx     context.Context
	started time.Time
	console *qemu.Console
	log     *report.Log
	control *qemu.Control
	tty     net.Conn                           // the guest's end of ttyS0
	asked   chan report.Request                // what it was asked
	answer  func(report.Request) *report.Event // nil: no answer
	exited  chan struct{}
	over    sync.Once
	ending  check.Ending
}

func newFake(t *testing.T, limit time.Duration) *fake {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	host, tty := net.Pipe()
	hostControl, guestControl := net.Pipe()
	f := &fake{ctx: ctx, started: time.Now(), log: report.NewLog(), tty: tty, asked: make(chan report.Request, 100), exited: make(chan struct{})}
	f.console = qemu.NewConsole("ttyS0", host, f.started)
	f.control = qemu.NewControl(hostControl, f.log)
	f.answer = func(r report.Request) *report.Event {
		if r.Power != "" {
			f.log.Add(report.Event{Kind: report.KindDone, State: "poweroff"})
			f.end("guest-shutdown")
		}
		return nil
	}
	go func() {
		for in := json.NewDecoder(guestControl); ; {
			var r report.Request
			if in.Decode(&r) != nil {
				return
			}
			f.asked <- r
			if e := f.answer(r); e != nil {
				e.Kind, e.ID = report.KindReply, r.ID
				f.log.Add(*e)
			}
		}
	}()
	// The limit kills it, as it does QEMU.
	stop := context.AfterFunc(ctx, func() { f.end("limit") })
	t.Cleanup(func() { stop(); cancel(); f.end(""); guestControl.Close() })
	return f
}

// end is the guest's end, for that reason; only the first one counts.
func (f *fake) end(reason string) {
	f.over.Do(func() {
		f.ending.Reason, f.ending.Took = reason, time.Since(f.started)
		f.ending.Limit = reason == "limit"
		f.log.End()
		f.tty.Close()
		close(f.exited)
	})
}

func (f *fake) boot(state string) {
	f.log.Add(report.Event{Kind: report.KindBoot, State: state, Uptime: time.Since(f.started).Seconds()})
}

func (f *fake) Started() time.Time { return f.started }
func (f *fake) Console(name string) (check.Console, error) {
	if name != "ttyS0" {
		return nil, errors.New("no such console")
	}
	return f.console, nil
}
func (f *fake) Consoles() []check.Console { return []check.Console{f.console} }
func (f *fake) Report() *report.Log       { return f.log }
func (f *fake) Request(ctx context.Context, r report.Request) (report.Event, error) {
	return f.control.Request(ctx, r)
}
func (f *fake) Kill() {
	if f.ctx.Err() != nil {
		f.end("limit") // whoever comes first
	}
	f.end("")
}
func (f *fake) Exited() <-chan struct{} { return f.exited }
func (f *fake) Ending() check.Ending    { <-f.exited; return f.ending }

// want is a result in short.
type want struct {
	name    string
	passed  bool
	seconds float64
	message string
}

func compare(t *testing.T, r check.Results, verdict check.Verdict, results ...want) {
	t.Helper()
	if r.Verdict != verdict {
		t.Errorf("verdict %s: %s; want %s", r.Verdict, r.Message, verdict)
	}
	var got []want
	for _, c := range r.Checks {
		got = append(got, want{c.Name, c.Passed, c.Seconds, c.Message})
	}
	if !slices.Equal(got, results) {
		t.Errorf("results:\n%v\nwant:\n%v", got, results)
	}
}

// login plays a login on a console. It types its prompts late, and the second
// one looks like the first.
func login(tty net.Conn) {
	in := bufio.NewReader(tty)
	time.Sleep(2 * time.Second)
	io.WriteString(tty, "\x1b[2JLinux\r\nbox login: ")
	name, _ := in.ReadString('\r')
	fmt.Fprintf(tty, "%s\r\nPassword: ", name)
	password, _ := in.ReadString('\r')
	time.Sleep(time.Second)
	if name == "root\r" && password == "a.b\r" {
		io.WriteString(tty, "\r\n# ")
	} else {
		io.WriteString(tty, "\r\nwrong\r\nbox login: ")
	}
	io.Copy(io.Discard, tty)
}

func TestRunConsole(t *testing.T) {
	checks := map[string]check.Check{
		"login":    {Console: "ttyS0", Expect: "login: $", Send: "root\n"},
		"password": {Console: "ttyS0", After: "login", Expect: "Password: $", Send: "${password}\n"},
		"prompt":   {Console: "ttyS0", After: "password", Expect: "^# ", Within: spec.Duration(10 * time.Second)},
		"again":    {Console: "ttyS0", After: "password", Expect: "login: ", Within: spec.Duration(5 * time.Second)},
		"kernel":   {Console: "ttyS0", Expect: "^Linux$"},
	}
	t.Run("right password", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, time.Minute)
			go login(f.tty)
			f.boot("ok")
			r := check.Run(f.ctx, f, check.Plan{Checks: checks, Vars: map[string]string{"password": "a.b"}})
			compare(t, r, check.Good,
				want{"login", true, 2, ""}, want{"password", true, 2, ""},
				want{"again", false, 5, `wanted "login: " on ttyS0 within 5s; its last lines were:`},
				want{"kernel", true, 2, ""}, want{"prompt", true, 3, ""})
			if got := r.Checks[2].Detail; !slices.Equal(got, []string{"Linux", "box login: root", "Password:", "#"}) {
				t.Errorf("console's last lines: %q", got)
			}
			if r.Passed() {
				t.Error("a failed check passes")
			}
		})
	})
	t.Run("wrong password", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, time.Minute)
			go login(f.tty)
			f.boot("ok")
			r := check.Run(f.ctx, f, check.Plan{Checks: map[string]check.Check{
				"login": checks["login"], "password": checks["password"], "prompt": checks["prompt"], "then": {Unit: "x", After: "prompt"},
			}, Vars: map[string]string{"password": "abc"}})
			compare(t, r, check.Good,
				want{"login", true, 2, ""}, want{"password", true, 2, ""},
				want{"prompt", false, 10, `wanted "^# " on ttyS0 within 10s; its last lines were:`},
				want{"then", false, 10, "not tried, because prompt did not pass"})
			if got := r.Checks[2].Detail; len(got) == 0 || got[len(got)-1] != "box login:" {
				t.Errorf("console's last lines: %q", got)
			}
		})
	})
}

func TestRunUnitsAndFacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 10*time.Minute)
		unit := func(name, state, message string) {
			f.log.Add(report.Event{Kind: report.KindUnit, Name: name, State: state, Message: message})
		}
		go func() {
			time.Sleep(time.Second)
			unit("link:lan", "ok", "")
			unit("mount:/srv", "failed", "no device with LABEL=srv")
			f.log.Add(report.Event{Kind: report.KindFact, Name: "boot.seconds", Value: 9.0})
			time.Sleep(time.Second)
			unit("service:probe", "failed", "exit status 1")
			f.boot("degraded")
			time.Sleep(time.Second)
			unit("service:probe", "ok", "")
			f.log.Add(report.Event{Kind: report.KindFact, Name: "boot.seconds", Value: 2.5})
		}()
		at := func(d time.Duration) spec.Duration { return spec.Duration(d) }
		r := check.Run(f.ctx, f, check.Plan{Checks: map[string]check.Check{
			"a link":    {Unit: "link:lan"},
			"b mount":   {Unit: "mount:/srv", Outcome: "failed"},
			"c mount":   {Unit: "mount:/srv"},
			"d unknown": {Unit: "link:wan"},
			"e restart": {Unit: "service:probe"},
			"f boot":    {Fact: "boot.seconds", AtMost: pointer(3)},
			"g boot":    {Fact: "boot.seconds", AtMost: pointer(1), Within: at(20 * time.Second)},
			"h missing": {Fact: "boot.minutes", Within: at(90 * time.Second)},
		}})
		compare(t, r, check.Good,
			want{"a link", true, 1, ""}, want{"b mount", true, 1, ""},
			want{"c mount", false, 2, "wanted unit mount:/srv to be ok; it is failed: no device with LABEL=srv"},
			want{"d unknown", false, 2, "wanted unit link:wan to be ok; the guest has only link:lan, mount:/srv, service:probe"},
			want{"e restart", true, 3, ""}, want{"f boot", true, 3, ""},
			want{"g boot", false, 20, "wanted fact boot.seconds to be at most 1 within 20s; it is 2.5"},
			want{"h missing", false, 90, "wanted fact boot.minutes to be reported within 1m30s; it was not reported; the guest has only boot.seconds"})
		if r.BootState != "degraded" || r.Boot != 2 || r.Took != 90 {
			t.Errorf("boot %s after %g s, run took %g s", r.BootState, r.Boot, r.Took)
		}
	})
}

func pointer(f float64) *float64 { return &f }

func TestRunCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 10*time.Minute)
		powerOff := f.answer
		f.answer = func(r report.Request) *report.Event {
			status := 0
			switch strings.Join(r.Command, " ") {
			case "id -u":
				return &report.Event{Exit: &status, Output: "0\n"}
			case "false":
				status = 1
				return &report.Event{Exit: &status, Errors: "no\n"}
			case "absent":
				return &report.Event{Message: "no such file"}
			case "sleep":
				return nil
			}
			return powerOff(r)
		}
		time.AfterFunc(5*time.Second, func() { f.boot("ok") })
		r := check.Run(f.ctx, f, check.Plan{Checks: map[string]check.Check{
			"a": {Command: []string{"id", "-u"}, Output: "^0$"},
			"b": {Command: []string{"id", "-u"}, Output: "^1$"},
			"c": {Command: []string{"false"}, Exit: 1},
			"d": {Command: []string{"false"}},
			"e": {Command: []string{"absent"}},
			"f": {Command: []string{"sleep"}, Within: spec.Duration(30 * time.Second)},
			"g": {Command: []string{"id", "-u"}, Within: spec.Duration(3 * time.Second)},
		}})
		compare(t, r, check.Good,
			want{"a", true, 5, ""},
			want{"b", false, 5, `wanted "id -u" to print "^1$"; it printed:`},
			want{"c", true, 5, ""},
			want{"d", false, 5, `wanted "false" to end with status 0; it ended with 1 and printed:`},
			want{"e", false, 5, `running "absent": no such file`},
			want{"f", false, 30, `wanted "sleep" to end within 30s; it did not`},
			want{"g", false, 3, `wanted to run "id -u" once the boot was over within 3s; it was not`})
	})
}

// However a guest ends, the run ends, and says how.
func TestRunEndings(t *testing.T) {
	checks := map[string]check.Check{"login": {Console: "ttyS0", Expect: "login: $", Within: spec.Duration(20 * time.Second)}}
	for _, test := range []struct {
		name    string
		play    func(*fake)
		verdict check.Verdict
		took    float64
	}{
		{"panic", func(f *fake) {
			io.WriteString(f.tty, "[    1.0] Kernel panic - not syncing: VFS: Unable to mount root fs\r\n")
			f.end("guest-reset")
		}, check.Panic, 0},
		{"power-off", func(f *fake) { time.Sleep(time.Second); f.end("guest-shutdown") }, check.EarlyPowerOff, 1},
		{"hang", func(f *fake) {}, check.Hang, 60},
		{"hang in shutdown", func(f *fake) {
			f.answer = func(report.Request) *report.Event { return nil }
			io.WriteString(f.tty, "login: ")
			f.boot("ok")
		}, check.Hang, 40},
		{"hang after done", func(f *fake) {
			f.answer = func(report.Request) *report.Event {
				f.log.Add(report.Event{Kind: report.KindDone, State: "poweroff"})
				return nil
			}
			io.WriteString(f.tty, "login: ")
			f.boot("ok")
		}, check.Hang, 40},
		{"no done", func(f *fake) {
			f.answer = func(report.Request) *report.Event { f.end("guest-shutdown"); return nil }
			io.WriteString(f.tty, "login: ")
			f.boot("ok")
		}, check.CutShort, 0},
		{"refusal", func(f *fake) {
			f.answer = func(report.Request) *report.Event { return &report.Event{State: "failed", Message: "not today"} }
			io.WriteString(f.tty, "login: ")
			f.boot("ok")
		}, check.CutShort, 0},
		{"limit", func(f *fake) {
			f.answer = func(report.Request) *report.Event { return nil }
			time.Sleep(19 * time.Second)
			io.WriteString(f.tty, "login: ")
			time.Sleep(40 * time.Second)
			f.boot("ok")
		}, check.Hang, 90},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, 90*time.Second)
				go test.play(f)
				r := check.Run(f.ctx, f, check.Plan{Checks: checks})
				if r.Verdict != test.verdict || r.Took != test.took || r.Passed() {
					t.Errorf("verdict %s after %g s (%s), want %s after %g s", r.Verdict, r.Took, r.Message, test.verdict, test.took)
				}
			})
		})
	}
}
