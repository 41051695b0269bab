package feature

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/status"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Outcomes keep what is shown of units true, while they start and for as long as the machine runs.
type Outcomes struct {
	Life  context.Context
	Log   *slog.Logger
	Board *status.Board
	// Supervisors and Revisers are asked about units; both are complete before any unit runs.
	Supervisors []Supervisor
	Revisers    []Reviser
}

// Note logs and reports a unit's change of state.
func (o *Outcomes) Note(u unit.Outcome) {
	level, text := Describe(u)
	o.Log.Log(o.Life, level, text)
	var p *unit.PanicError
	if errors.As(u.Err, &p) {
		for line := range strings.Lines(string(p.Stack)) {
			o.Log.Error("  " + strings.TrimSpace(line))
		}
	}
	o.show(event(u), u.Soft)
	o.review(u.Name)
}

func (o *Outcomes) show(e report.Event, soft bool) {
	for _, r := range o.Revisers {
		e = r.Revise(e)
	}
	o.Board.Unit(e, soft)
}

// Again shows a unit that did its work, as it is by now.
func (o *Outcomes) Again(name string) {
	o.show(report.Event{Kind: report.KindUnit, Name: name, State: string(unit.OK)}, false)
}

// SetTrouble keeps the state of a unit true once it is done: that a cable was pulled or that a service
// failed is trouble then as well; nil: it is well again. That it all ends on the way down is none.
func (o *Outcomes) SetTrouble(name string, trouble error) {
	if o.Life.Err() != nil {
		return
	}
	text := ""
	if trouble != nil {
		text = trouble.Error()
	}
	switch news := o.Board.SetTrouble(name, text); {
	case news && text == "":
		o.Log.Info(name + " ok again")
	case news:
		o.Log.Warn(name + " no longer: " + text)
	}
}

// review is for what is supervised: it may have failed, or come to itself, between its unit's outcome
// and the note of that.
func (o *Outcomes) review(name string) {
	for _, s := range o.Supervisors {
		if trouble, known := s.Trouble(name); known {
			o.SetTrouble(name, trouble)
		}
	}
}

// Refused is an error of a request that changed nothing: what was to be started runs already.
type Refused interface {
	error
	Refused()
}

// Managed notes what became of a unit that somebody started or stopped by hand, and returns it as it is shown. A request
// that was refused changes nothing.
func (o *Outcomes) Managed(name string, state unit.State, err error) report.Event {
	e := report.Event{Kind: report.KindUnit, Name: name, State: string(state)}
	if err != nil {
		e.State, e.Message = string(unit.Failed), err.Error()
	}
	if refused := Refused(nil); !errors.As(err, &refused) && o.Life.Err() == nil {
		o.Board.Unit(e, false)
		o.review(name)
	}
	return e
}

// event is an outcome as the report has it.
func event(u unit.Outcome) report.Event {
	e := report.Event{Kind: report.KindUnit, Name: u.Name, State: string(u.State), Seconds: report.Seconds(u.Took)}
	if u.State == unit.Late {
		e.Kind = report.KindLate
	}
	if u.Err != nil {
		e.Message = u.Err.Error()
	}
	return e
}

// Describe is an outcome as the log has it: "link:lan ok 1.2s".
func Describe(u unit.Outcome) (slog.Level, string) {
	level := slog.LevelInfo
	switch {
	case u.State == unit.Running:
		level = slog.LevelDebug
	case u.State == unit.Failed && !u.Soft:
		level = slog.LevelError
	case u.State == unit.Failed, u.State == unit.Late:
		level = slog.LevelWarn
	}
	text := u.Name + " " + string(u.State)
	if u.Took > 0 {
		text += " " + Took(u.Took)
	}
	if u.Err != nil {
		text += ": " + u.Err.Error()
	}
	return level, text
}

// Took has as many digits as a person cares for, in ASCII: a serial line or the screen's font may know no other sign, and Go
// writes a sign of its own for microseconds.
func Took(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		d = d.Round(time.Second)
	case d >= time.Second:
		d = d.Round(100 * time.Millisecond)
	case d >= time.Millisecond:
		d = d.Round(time.Millisecond)
	default:
		d = d.Round(time.Microsecond)
	}
	return strings.Replace(d.String(), "\u00b5", "u", 1)
}

// Trouble notes among the units what is none, but what a person should know: it stays until the next boot.
func (o *Outcomes) Trouble(name, state string, text string) {
	o.Log.Error(fmt.Sprintf("%s %s: %s", name, state, text))
	o.Board.Unit(report.Event{Kind: report.KindUnit, Name: name, State: state, Message: text}, false)
}
