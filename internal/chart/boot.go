// Package chart shows where a boot's time went: as text for a terminal, as a picture for everybody. Both are
// made of nothing but the report's events, and the same events give the same bytes.
package chart

import (
	"cmp"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/order"
	"github.com/imgbuild/imgbuild/internal/report"
	entropy "github.com/imgbuild/imgbuild/uinit/entropy/plan"
)

// Boot is a boot as its report tells it. Times are seconds since the kernel started.
type Boot struct {
	// Kernel and Uinit are their versions.
	Kernel, Uinit string
	// Init is when uinit's worker began; before it were the kernel and PID 1.
	Init float64
	// Settled is when every unit had an outcome, 0 where that never came; State is ok or degraded then.
	Settled float64
	State   string
	// End is when the last thing happened that a chart shows.
	End   float64
	Units []Unit
	Marks []Mark
}

// Outcome is what became of a unit.
type Outcome string

// Outcomes.
const (
	OK      Outcome = "ok"
	Failed  Outcome = "failed"
	Late    Outcome = "late" // still running after its deadline
	Skipped Outcome = "skipped"
	Running Outcome = "running" // when the report ended
)

// Unit is a unit that was started, or skipped.
type Unit struct {
	Name       string
	Start, End float64
	Outcome    Outcome
	// Overdue is when its deadline passed, 0 where it was in time.
	Overdue float64
	// Waits says that it does no work of its own: it waits for the network, a device, the random pool.
	Waits bool
	// Message is its error, or what it waits for.
	Message string
}

// Seconds is how long the unit took.
func (u Unit) Seconds() float64 { return u.End - u.Start }

// Mark is a moment worth a line of its own.
type Mark struct {
	Name string
	At   float64
}

// Kinds of units that wait rather than work.
var waits = []string{"online", "entropy", "time", "network"}

// settleMargin is how far beyond the end of the boot a chart goes, for what is late: 30 s would make all
// the rest invisible.
const settleMargin = 1.25

// maxUptime bounds times in seconds: a picture of a year shows nothing, and what a guest says may be nonsense.
const maxUptime = 1e6

// New reads the events of one boot, in their order.
func New(events []report.Event) Boot {
	var b Boot
	index := map[string]int{}
	for _, e := range events {
		e.Uptime = min(max(e.Uptime, 0), maxUptime)
		switch e.Kind {
		case report.KindHello:
			b.Init, b.Uinit, b.Kernel = e.Uptime, e.Name, e.Message
		case report.KindUnit, report.KindLate:
			i, known := index[e.Name]
			if !known {
				i = len(b.Units)
				index[e.Name] = i
				kind, _, _ := strings.Cut(e.Name, ":")
				b.Units = append(b.Units, Unit{Name: e.Name, Start: max(e.Uptime-e.Seconds, 0), Waits: slices.Contains(waits, kind)})
			}
			b.Units[i].take(e)
		case report.KindBoot:
			b.Settled, b.State = e.Uptime, e.State
		case report.KindDone:
			b.End = max(b.End, b.Settled) // what follows is the way down
		}
	}
	b.finish(events)
	return b
}

// take brings a unit to what an event says of it.
func (u *Unit) take(e report.Event) {
	u.End, u.Message = max(e.Uptime, u.Start), e.Message
	switch Outcome(e.State) {
	case Running:
		u.Start, u.Outcome = e.Uptime, Running
	case Late:
		u.Outcome, u.Overdue = Late, e.Uptime
	default:
		u.Outcome = Outcome(e.State)
		if e.Seconds > 0 {
			u.Start = max(e.Uptime-e.Seconds, 0)
		}
	}
}

// finish closes what is open, and sorts.
func (b *Boot) finish(events []report.Event) {
	last := 0.0
	if n := len(events); n > 0 {
		last = min(max(events[n-1].Uptime, 0), maxUptime)
	}
	b.End = cmp.Or(b.Settled, last)
	for i := range b.Units {
		u := &b.Units[i]
		if u.Outcome == Running || u.Outcome == Late {
			u.End = max(last, u.End)
		}
	}
	// A boot that settles while something is late goes on; how far that is shown has a limit.
	limit := b.End * settleMargin
	for i := range b.Units {
		u := &b.Units[i]
		u.Start, u.End = min(u.Start, limit), min(u.End, limit)
		b.End = max(b.End, u.End)
	}
	order.By(b.Units, func(a, c Unit) int { return cmp.Or(cmp.Compare(a.Start, c.Start), cmp.Compare(a.End, c.End)) })
	b.mark(events)
}

// Shows says whether an event is of use for a chart: of facts only one is.
func Shows(e report.Event) bool {
	switch e.Kind {
	case report.KindFact:
		return e.Name == entropy.ReadySeconds.Name
	case report.KindReply:
		return false
	}
	return true
}

// mark notes the moments that people ask for.
func (b *Boot) mark(events []report.Event) {
	for _, u := range b.Units {
		if strings.HasPrefix(u.Name, "console:") && u.Outcome == OK {
			b.Marks = append(b.Marks, Mark{"login prompt", u.End})
			break
		}
	}
	for _, e := range events {
		if e.Kind == report.KindFact && e.Name == entropy.ReadySeconds.Name {
			if at, ok := entropy.ReadySeconds.Read(e.Value); ok && at > 0 && at <= b.End {
				b.Marks = append(b.Marks, Mark{"random pool ready", at})
				break
			}
		}
	}
	if b.Settled > 0 {
		b.Marks = append(b.Marks, Mark{"boot " + b.State, b.Settled})
	}
	order.By(b.Marks, func(a, c Mark) int { return cmp.Compare(a.At, c.At) })
}
