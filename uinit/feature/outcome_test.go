package feature

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

func TestEventAndLine(t *testing.T) {
	for _, tt := range []struct {
		outcome unit.Outcome
		event   report.Event
		line    string
	}{
		{unit.Outcome{Name: "link:lan", State: unit.OK, Took: 1234 * time.Millisecond},
			report.Event{Kind: report.KindUnit, Name: "link:lan", State: "ok", Seconds: 1.234}, "INFO link:lan ok 1.2s"},
		{unit.Outcome{Name: "a", State: unit.Late, Took: 30 * time.Second, Err: errors.New("waiting: no carrier")},
			report.Event{Kind: report.KindLate, Name: "a", State: "late", Seconds: 30, Message: "waiting: no carrier"},
			"WARN a late 30s: waiting: no carrier"},
		{unit.Outcome{Name: "a", State: unit.Failed, Took: 1500 * time.Microsecond, Err: errors.New("x")},
			report.Event{Kind: report.KindUnit, Name: "a", State: "failed", Seconds: 0.0015, Message: "x"}, "ERROR a failed 2ms: x"},
		{unit.Outcome{Name: "a", State: unit.Failed, Err: errors.New("x"), Soft: true},
			report.Event{Kind: report.KindUnit, Name: "a", State: "failed", Message: "x"}, "WARN a failed: x"},
	} {
		if got := event(tt.outcome); !reflect.DeepEqual(got, tt.event) {
			t.Errorf("event(%+v) = %+v, want %+v", tt.outcome, got, tt.event)
		}
		level, text := Describe(tt.outcome)
		if got := level.String() + " " + text; got != tt.line {
			t.Errorf("line of %+v = %q, want %q", tt.outcome, got, tt.line)
		}
	}
}
