package unit

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// takes is a Run that ends with err after d.
func takes(d time.Duration, err error) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(d):
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// waits is a Waiting that says each answer until its time, "7s read /dev/random", counted from the first question, which
// comes after a quarter of the ten seconds that units have; the last answer has none.
func waits(answers ...string) func() string {
	var begun time.Time
	return func() string {
		if begun.IsZero() {
			begun = time.Now().Add(-2500 * time.Millisecond)
		}
		for _, a := range answers[:len(answers)-1] {
			until, what, _ := strings.Cut(a, " ")
			if d, err := time.ParseDuration(until); err == nil && time.Since(begun) < d {
				return what
			}
		}
		return answers[len(answers)-1]
	}
}

// trace runs the units and renders each outcome with the second it came at.
func trace(t *testing.T, units []Unit) []string {
	t.Helper()
	var got []string
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		line := func(format string, args ...any) {
			got = append(got, fmt.Sprintf("%v ", time.Since(begin))+fmt.Sprintf(format, args...))
		}
		err := Run(t.Context(), units, Options{
			DefaultTimeout: 10 * time.Second,
			Report: func(o Outcome) {
				if o.State == Running {
					return
				}
				if o.Err != nil {
					line("%s %s: %v", o.Name, o.State, o.Err)
				} else {
					line("%s %s", o.Name, o.State)
				}
			},
			Settled: func(degraded bool) { line("settled degraded=%v", degraded) },
		})
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return got
}

func TestRun(t *testing.T) {
	const s = time.Second
	broken := errors.New("broken")
	for _, tt := range []struct {
		name  string
		units []Unit
		want  []string
	}{
		{"no units", nil, []string{"0s settled degraded=false"}},
		{"independent units run side by side", []Unit{
			{Name: "a", Run: takes(2*s, nil)},
			{Name: "b", Run: takes(3*s, nil)},
			{Name: "c", Needs: []string{"a", "b"}, Run: takes(1*s, nil)},
		}, []string{"2s a ok", "3s b ok", "4s c ok", "4s settled degraded=false"}},
		{"a failed need skips its dependants and theirs", []Unit{
			{Name: "c", Needs: []string{"b"}, Run: takes(s, nil)},
			{Name: "b", Needs: []string{"a"}, Run: takes(s, nil)},
			{Name: "a", Run: takes(s, broken)},
			{Name: "d", After: []string{"a"}, Run: takes(s, nil)},
		}, []string{"1s a failed: broken", "1s b skipped: a is failed", "1s c skipped: b is skipped",
			"2s d ok", "2s settled degraded=true"}},
		{"a soft failure holds nobody up", []Unit{
			{Name: "a", Soft: true, Run: takes(s, broken)},
			{Name: "b", Needs: []string{"a"}, Run: takes(s, nil)},
		}, []string{"1s a failed: broken", "2s b ok", "2s settled degraded=false"}},
		{"nothing to do here", []Unit{
			{Name: "a", Run: takes(s, fmt.Errorf("no ttyS3: %w", ErrSkip))},
		}, []string{"1s a skipped: no ttyS3: nothing to do here", "1s settled degraded=false"}},
		{"late, and what it waits for; its dependant waits on, and both may end well", []Unit{
			{Name: "a", Timeout: 5 * s, Waiting: func() string { return "no carrier on lan" }, Run: takes(60*s, nil)},
			{Name: "b", Needs: []string{"a"}, Run: takes(s, nil)},
			{Name: "c", After: []string{"b"}, Run: takes(s, nil)},
		}, []string{"5s a late: waiting: no carrier on lan", "5s b late: waiting for a, which is late",
			"6s c ok", "6s settled degraded=true", "1m0s a ok", "1m1s b ok"}},
		{"late in the moment that what held it up is gone", []Unit{
			{Name: "a", Waiting: waits("7s read /dev/random", ""), Run: takes(60*s, nil)},
		}, []string{"10s a late: still running, after waiting: read /dev/random", "10s settled degraded=true", "1m0s a ok"}},
		{"late before it waits for what can be told, and then for something else", []Unit{
			{Name: "a", Waiting: waits("16s ", "40s getrandom", "poll"), Run: takes(60*s, nil)},
		}, []string{"10s a late: still running", "10s settled degraded=true", "17s a late: waiting: getrandom", "41s a late: waiting: poll", "1m0s a ok"}},
		{"late, and waiting for something else all the time", []Unit{
			{Name: "a", Waiting: waits("11s a", "12s b", "14s c", "20s d", "30s e", "60s f", "80s g", "h"), Run: takes(3600*s, nil)},
		}, []string{"10s a late: waiting: a", "10s settled degraded=true", "11s a late: waiting: b", "13s a late: waiting: c", "17s a late: waiting: d",
			"25s a late: waiting: e", "41s a late: waiting: f", "1m13s a late: waiting: g", "2m13s a late: waiting: h", "1h0m0s a ok"}},
		{"late, and never to be seen waiting", []Unit{
			{Name: "a", Waiting: waits(""), Run: takes(3600*s, nil)},
		}, []string{"10s a late: still running", "10s settled degraded=true", "1h0m0s a ok"}},
		{"a soft late unit does not delay its dependant", []Unit{
			{Name: "a", Soft: true, Run: takes(60*s, broken)},
			{Name: "b", Needs: []string{"a"}, Run: takes(s, nil)},
		}, []string{"10s a late: still running", "11s b ok", "11s settled degraded=false", "1m0s a failed: broken"}},
		{"a late need that fails in the end", []Unit{
			{Name: "a", Run: takes(60*s, broken)},
			{Name: "b", Needs: []string{"a"}, Run: takes(s, nil)},
		}, []string{"10s a late: still running", "10s b late: waiting for a, which is late",
			"10s settled degraded=true", "1m0s a failed: broken", "1m0s b skipped: a is failed"}},
		{"a panic is the unit's own failure", []Unit{
			{Name: "a", Run: func(context.Context) error { panic("out of luck") }},
			{Name: "b", Run: takes(s, nil)},
		}, []string{"0s a failed: panic: out of luck", "1s b ok", "1s settled degraded=true"}},
		{"a bad graph fails only its bad units", []Unit{
			{Name: "a", Needs: []string{"nobody"}, Run: takes(s, nil)},
			{Name: "b", Needs: []string{"c"}, Run: takes(s, nil)},
			{Name: "c", After: []string{"b"}, Run: takes(s, nil)},
			{Name: "d", Run: takes(s, nil)},
		}, []string{"0s a failed: needs nobody, which this machine does not have",
			"0s b failed: needs itself: b -> c -> b", "0s c failed: needs itself: b -> c -> b",
			"1s d ok", "1s settled degraded=true"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := trace(t, tt.units); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
			}
		})
	}
}

func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan func(string) bool)
		begin := time.Now()
		go func() {
			hold <- func(name string) bool { return name != "a" && name != "b" }
			time.Sleep(time.Minute)
			hold <- nil
		}()
		ends := map[string]time.Duration{}
		err := Run(t.Context(), []Unit{
			{Name: "a", Run: takes(2*time.Second, nil)},
			{Name: "b", Needs: []string{"a"}, Run: takes(time.Second, nil)},
			{Name: "c", Needs: []string{"a"}, Run: takes(time.Second, nil)},
		}, Options{Hold: hold, Report: func(o Outcome) {
			if o.State != Running {
				ends[o.Name+" "+string(o.State)] = time.Since(begin)
			}
		}})
		want := map[string]time.Duration{"a ok": 2 * time.Second, "b ok": 3 * time.Second, "c ok": 61 * time.Second}
		if err != nil || !reflect.DeepEqual(ends, want) {
			t.Errorf("Run: %v; units ended after %v, want %v", err, ends, want)
		}
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("power button")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(3*time.Second, func() { cancel(stop) })
		begin := time.Now()
		err := Run(ctx, []Unit{{Name: "a", Run: takes(time.Hour, nil)}}, Options{})
		if !errors.Is(err, stop) || time.Since(begin) != 3*time.Second {
			t.Errorf("Run ended with %v after %v", err, time.Since(begin))
		}
	})
}

func TestPanicKeepsItsStack(t *testing.T) {
	var last Outcome
	err := Run(t.Context(), []Unit{{Name: "a", Run: func(context.Context) error { panic("x") }}},
		Options{Report: func(o Outcome) { last = o }})
	var p *PanicError
	if err != nil || !errors.As(last.Err, &p) || !strings.Contains(string(p.Stack), "TestPanicKeepsItsStack") {
		t.Errorf("Run: %v; outcome %+v", err, last)
	}
}

func TestCheck(t *testing.T) {
	got := Check([]Unit{
		{Name: "a", Needs: []string{"b"}}, {Name: "b", Needs: []string{"c"}}, {Name: "c", Needs: []string{"a"}},
		{Name: "d", Needs: []string{"a"}}, {Name: "d"}, {Name: "e", Needs: []string{"e"}},
	})
	var lines []string
	for _, p := range got {
		lines = append(lines, p.Unit+": "+p.Err.Error())
	}
	want := []string{"d: two units are called d", "a: needs itself: a -> b -> c -> a", "b: needs itself: a -> b -> c -> a",
		"c: needs itself: a -> b -> c -> a", "e: needs itself: e -> e"}
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("got %q\nwant %q", lines, want)
	}
}
