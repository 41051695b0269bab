package status

import (
	"path/filepath"
	"reflect"
	"testing"

	"github.com/imgbuild/imgbuild/internal/report"
)

func TestBoard(t *testing.T) {
	var sent []report.Event
	b := NewBoard(func(e report.Event) { sent = append(sent, e) })
	b.Unit(report.Event{Kind: report.KindUnit, Name: "lan", State: "running"}, false)
	b.Unit(report.Event{Kind: report.KindUnit, Name: "wan", State: "failed", Message: "no carrier"}, true)
	b.Unit(report.Event{Kind: report.KindLate, Name: "lan", State: "late", Message: "no answer"}, false)
	b.Fact("x", []string{"a"})
	b.Fact("x", []string{"a"})
	b.Fact("x", []string{"b"})
	b.Fact("a", 1)
	if len(sent) != 6 {
		t.Errorf("%d events, want 6: a fact that stays is no news", len(sent))
	}
	if got, want := b.Troubles(), []string{"lan late: no answer"}; !reflect.DeepEqual(got, want) {
		t.Errorf("troubles %q, want %q", got, want)
	}
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
	if got, err := Ask(socket, "weather"); err == nil {
		t.Errorf("weather: %+v", got)
	}
	if _, err := Ask(filepath.Join(t.TempDir(), "none"), "status"); err == nil {
		t.Error("no error where nobody listens")
	}
}
