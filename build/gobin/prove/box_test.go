package main

import (
	"testing"

	"github.com/imgbuild/imgbuild/internal/report"
)

// What counts is what was heard last, also of a unit that is again as it was; what is no news is not kept once more.
func TestTake(t *testing.T) {
	b := &box{log: report.NewLog(), seen: map[key]report.Event{}}
	ok, late := report.Event{Kind: report.KindUnit, Name: "lan", State: "ok"}, report.Event{Kind: report.KindLate, Name: "lan", State: "late"}
	fact := report.Event{Kind: report.KindFact, Name: "lan", Value: []any{"a", 1.0}}
	for _, e := range []report.Event{ok, fact, late, late, ok, fact, ok} {
		b.take(e)
	}
	if s := b.log.State(); s.Units["lan"].State != "ok" || s.Facts["lan"].Value == nil || len(s.Events) != 4 || s.Boot != nil {
		t.Errorf("%+v", s)
	}
	b.take(report.Event{Kind: report.KindFact, Name: bootState, Value: "degraded"})
	if s := b.log.State(); s.Boot == nil || s.Boot.State != "degraded" {
		t.Errorf("%+v", s.Boot)
	}
}
