package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/service"
	"github.com/imgbuild/imgbuild/uinit/unit"
	"github.com/imgbuild/imgbuild/uinit/virtioport"
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
	w.review(o.Name)
}

// revise keeps the state of a unit true once it is done: that a cable was pulled or that a service
// failed is trouble then as well. That it all ends on the way down is none.
func (w *worker) revise(name string, trouble error) {
	if w.life.Err() != nil {
		return
	}
	text := ""
	if trouble != nil {
		text = trouble.Error()
	}
	switch news := w.board.Revise(name, text); {
	case news && text == "":
		w.log.Info(name + " ok again")
	case news:
		w.log.Warn(name + " no longer: " + text)
	}
}

// review is for what is supervised: it may have failed, or come to itself, between its unit's outcome
// and the note of that.
func (w *worker) review(name string) {
	if s := w.supervision(name); s != nil {
		if trouble, known := s.Trouble(); known {
			w.revise(name, trouble)
		}
	}
}

// supervision is what runs a unit's program; nil where it has none.
func (w *worker) supervision(name string) *service.Service {
	switch kind, row, _ := strings.Cut(name, ":"); kind {
	case "service":
		return w.services[row]
	case "vm":
		return w.guests.service(row)
	}
	return nil
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
func (w *worker) settled() {
	seconds := virtioport.Uptime()
	w.board.Fact("boot.seconds", seconds)
	state := w.board.Settle()
	if used, err := memoryUsed(); err == nil {
		w.board.Fact("memory.used_bytes", used)
	}
	w.send(report.Event{Kind: report.KindBoot, State: state, Seconds: seconds})
	w.log.Info(fmt.Sprintf("boot %s after %.1fs", state, seconds))
}
