package status

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/report"
)

// What became of units is revised once they are done.
func TestSetTrouble(t *testing.T) {
	for name, tt := range map[string]struct {
		state, message, trouble string
		news                    bool
		want                    []string
	}{
		"well":             {"ok", "", "", false, nil},
		"a pulled cable":   {"ok", "", "no carrier on lan", true, []string{"lan failed: no carrier on lan"}},
		"put back":         {"failed", "no carrier on lan", "", true, nil},
		"another trouble":  {"failed", "no carrier on lan", "no DHCP lease on lan", false, []string{"lan failed: no DHCP lease on lan"}},
		"not done":         {"late", "no answer", "no carrier on lan", false, []string{"lan late: no answer"}},
		"left out":         {"skipped", "", "no carrier on lan", false, nil},
		"nothing is known": {"", "", "no carrier on lan", false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBoard(func(report.Event) {})
			if tt.state != "" {
				b.Unit(report.Event{Kind: report.KindUnit, Name: "lan", State: tt.state, Message: tt.message}, false)
			}
			if news := b.SetTrouble("lan", tt.trouble); news != tt.news {
				t.Errorf("news: %v", news)
			}
			if got := b.Troubles(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("troubles %q, want %q", got, tt.want)
			}
		})
	}
}

// bootState is declared by the root, which boards do not know.
var bootState = fact.One[string]{Name: "boot.state"}

// Once the boot is over, its state is a fact that stays true.
func TestSettle(t *testing.T) {
	b := NewBoard(func(report.Event) {})
	unit := func(name, state string, soft bool) {
		b.Unit(report.Event{Kind: report.KindUnit, Name: name, State: state}, soft)
	}
	wants := func(want ...report.Event) {
		t.Helper()
		if got := b.Facts(); !reflect.DeepEqual(got, append([]report.Event{}, want...)) {
			t.Errorf("facts %v, want %v", got, want)
		}
	}
	is := func(state string) report.Event {
		return report.Event{Kind: report.KindFact, Name: "boot.state", Value: state}
	}
	unit("lan", "late", false)
	unit("rtc", "failed", true)
	wants()
	if state := b.Settle(bootState); state != "degraded" {
		t.Errorf("a boot with a late unit is %s", state)
	}
	wants(is("degraded"))
	unit("lan", "ok", false)
	wants(is("ok"))
	b.SetTrouble("lan", "no carrier")
	wants(is("degraded"))
	unit("lan", "stopped", false)
	wants(is("ok"))
	unit("array", "degraded", false)
	wants(is("degraded"))
}

func TestBoard(t *testing.T) {
	var sent []report.Event
	b := NewBoard(func(e report.Event) { sent = append(sent, e) })
	b.Unit(report.Event{Kind: report.KindUnit, Name: "lan", State: "running"}, false)
	b.Unit(report.Event{Kind: report.KindUnit, Name: "wan", State: "failed", Message: "no carrier"}, true)
	b.Unit(report.Event{Kind: report.KindLate, Name: "lan", State: "late", Message: "no answer"}, false)
	x := fact.One[[]string]{Name: "x"}
	b.Fact(x.Is([]string{"a"}))
	b.Fact(x.Is([]string{"a"}))
	b.Fact(x.Is([]string{"b"}))
	b.Fact(fact.One[int]{Name: "a"}.Is(1))
	if len(sent) != 6 {
		t.Errorf("%d events, want 6: a fact that stays is no news", len(sent))
	}
	if got, want := b.Troubles(), []string{"lan late: no answer"}; !reflect.DeepEqual(got, want) {
		t.Errorf("troubles %q, want %q", got, want)
	}
	b.Answer("count", func(ctx context.Context, args []string, send func(report.Event) error) error {
		for i, arg := range args {
			if err := send(report.Event{Kind: report.KindLog, Name: arg, Seconds: float64(i)}); err != nil {
				return err
			}
		}
		return errors.New("no more")
	})
	b.Answer("wait", func(ctx context.Context, _ []string, _ func(report.Event) error) error {
		<-ctx.Done()
		return context.Cause(ctx)
	})
	socket := filepath.Join(t.TempDir(), "s")
	for range 2 { // the second listener takes the place of one that crashed
		if err := b.Listen(t.Context(), socket); err != nil {
			t.Fatal(err)
		}
	}
	units, err := Ask(socket, "status")
	if err != nil || !reflect.DeepEqual(units, b.Units()) || units[0].Name != "lan" || units[0].State != "late" {
		t.Errorf("status: %+v, %v", units, err)
	}
	facts, err := Ask(socket, "facts")
	if err != nil || len(facts) != 2 || facts[0].Name != "a" || !reflect.DeepEqual(facts[1].Value, []any{"b"}) {
		t.Errorf("facts: %+v, %v", facts, err)
	}
	var names []string
	err = Follow(socket, "count a b", func(e report.Event) { names = append(names, e.Name) })
	if !reflect.DeepEqual(names, []string{"a", "b"}) || err == nil || err.Error() != "no more" {
		t.Errorf("count: %v, %v", names, err)
	}
	if got, err := Ask(socket, "weather"); err == nil {
		t.Errorf("weather: %+v", got)
	} else if want := `"weather" is not known; accepted: status, facts, count, wait`; err.Error() != want {
		t.Errorf("weather: %v", err)
	}
	if _, err := Ask(filepath.Join(t.TempDir(), "none"), "status"); err == nil {
		t.Error("no error where nobody listens")
	}
}

// A note stands below the troubles, until it is taken away, and degrades nothing.
func TestNote(t *testing.T) {
	b := NewBoard(func(report.Event) {})
	b.Note("disk:vdb", "half of a mirror: vdb")
	b.Note("disk:vda", "half of a mirror: vda")
	b.Unit(report.Event{Kind: report.KindUnit, Name: "lan", State: "late", Message: "no answer"}, true)
	if state := b.Settle(bootState); state != "ok" {
		t.Errorf("the boot is %s", state)
	}
	if got, want := b.Troubles(), []string{"half of a mirror: vda", "half of a mirror: vdb"}; !reflect.DeepEqual(got, want) {
		t.Errorf("troubles %q, want %q", got, want)
	}
	b.Note("disk:vda", "")
	if got, want := b.Troubles(), []string{"half of a mirror: vdb"}; !reflect.DeepEqual(got, want) {
		t.Errorf("troubles %q, want %q", got, want)
	}
}

// What a unit waits for is told as it is now, not as it was when the unit became late.
func TestNow(t *testing.T) {
	b := NewBoard(func(report.Event) {})
	waits := "no carrier on lan"
	b.Waits("lan", func() string { return waits })
	b.Waits("disk", nil)
	note := func(name, state, message string) {
		b.Unit(report.Event{Kind: report.KindUnit, Name: name, State: state, Message: message}, false)
	}
	messages := func(want ...string) {
		t.Helper()
		var got []string
		for _, e := range b.Now() {
			got = append(got, e.State+" "+e.Message)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	note("lan", "running", "")
	note("disk", "running", "")
	messages("running waiting: no carrier on lan", "running ")
	note("lan", "late", "waiting: no carrier on lan")
	note("disk", "late", "still running")
	waits = "no IPv6, has 192.0.2.5: no router advertisement on lan"
	messages("late waiting: "+waits, "late still running")
	note("lan", "failed", "no carrier on lan")
	note("disk", "ok", "")
	messages("failed no carrier on lan", "ok ")
	// Whoever asks is told so, and the report is not.
	note("lan", "late", "waiting: no carrier on lan")
	socket := filepath.Join(t.TempDir(), "s")
	if err := b.Listen(t.Context(), socket); err != nil {
		t.Fatal(err)
	}
	events, err := Ask(socket, "status")
	if err != nil || len(events) != 2 || events[0].Message != "waiting: "+waits {
		t.Errorf("told %+v, %v", events, err)
	}
	if got := b.Units()[0].Message; got != "waiting: no carrier on lan" {
		t.Errorf("the unit has %q", got)
	}
}

// What a person has taken over is shown as that, and is no trouble, whatever state it was in; then it is in that again.
func TestByHand(t *testing.T) {
	b := NewBoard(func(report.Event) {})
	state := fact.One[string]{Name: "boot.state"}
	b.Unit(report.Event{Kind: report.KindUnit, Name: "online:lan", State: "failed", Message: "no carrier on lan"}, false)
	shown := func() string {
		e := b.Now()[0]
		return e.State + "|" + e.Message + "|" + strings.Join(b.Troubles(), ",") + "|" + b.Settle(state)
	}
	const failed = "failed|no carrier on lan|online:lan failed: no carrier on lan|degraded"
	if got := shown(); got != failed {
		t.Errorf("before: %s", got)
	}
	b.ByHand("online:lan", true)
	if got := shown(); got != ByHand+"||"+"|ok" {
		t.Errorf("by hand: %s", got)
	}
	b.ByHand("online:lan", false)
	if got := shown(); got != failed {
		t.Errorf("taken back: %s", got)
	}
}
