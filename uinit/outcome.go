package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/hostlink"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// note logs and reports a unit's change of state.
func (w *worker) note(o unit.Outcome) {
	level, text := describeOutcome(o)
	w.log.Log(w.life, level, text)
	var p *unit.PanicError
	if errors.As(o.Err, &p) {
		for line := range strings.Lines(string(p.Stack)) {
			w.log.Error("  " + strings.TrimSpace(line))
		}
	}
	w.board.Unit(w.arrays.event(event(o)), o.Soft)
}

// event is an outcome as the report has it.
func event(o unit.Outcome) report.Event {
	e := report.Event{Kind: report.KindUnit, Name: o.Name, State: string(o.State), Seconds: report.Seconds(o.Took)}
	if o.State == unit.Late {
		e.Kind = report.KindLate
	}
	if o.Err != nil {
		e.Message = o.Err.Error()
	}
	return e
}

// describeOutcome is an outcome as the log has it: "link:lan ok 1.2s".
func describeOutcome(o unit.Outcome) (slog.Level, string) {
	level := slog.LevelInfo
	switch {
	case o.State == unit.Running:
		level = slog.LevelDebug
	case o.State == unit.Failed && !o.Soft:
		level = slog.LevelError
	case o.State == unit.Failed, o.State == unit.Late:
		level = slog.LevelWarn
	}
	text := o.Name + " " + string(o.State)
	if o.Took > 0 {
		text += " " + round(o.Took).String()
	}
	if o.Err != nil {
		text += ": " + o.Err.Error()
	}
	return level, text
}

// round keeps as many digits as a person cares for.
func round(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second)
	case d >= time.Second:
		return d.Round(100 * time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Microsecond)
}

// settled tells that the boot is over, for better or worse.
func (w *worker) settled(degraded bool) {
	state := "ok"
	if degraded || w.board.Degraded() {
		state = "degraded"
	}
	seconds := hostlink.Uptime()
	w.board.Fact("boot.seconds", seconds)
	w.board.Fact("boot.state", state)
	if used, err := memoryUsed(); err == nil {
		w.board.Fact("memory.used_bytes", used)
	}
	w.send(report.Event{Kind: report.KindBoot, State: state, Seconds: seconds})
	w.log.Info(fmt.Sprintf("boot %s after %.1fs", state, seconds))
}
