// Package status keeps what is known about the running machine, units' states and facts, and
// gives it to who asks: the report, the issue text, uinitctl.
package status

import (
	"maps"
	"slices"
	"sync"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Board holds the latest event of each unit and each fact. It may be used from any goroutine.
type Board struct {
	send func(report.Event)
	// streams are further questions, set before there is a socket.
	streams map[string]Stream

	mu sync.Mutex
	// state is the fact that says how the boot is; "" before every unit has an outcome.
	state fact.One[string]
	order []string
	units map[string]report.Event
	facts map[string]any
	soft  map[string]bool
	notes map[string]string
	// byHand are units of what a person has taken over.
	byHand map[string]bool
	// waiting say what units wait for while they are under way.
	waiting map[string]func() string
}

// NewBoard makes a board that passes on what is news; send must not block.
func NewBoard(send func(report.Event)) *Board {
	return &Board{send: send, streams: map[string]Stream{}, units: map[string]report.Event{}, facts: map[string]any{}, soft: map[string]bool{}, notes: map[string]string{}, byHand: map[string]bool{}, waiting: map[string]func() string{}}
}

// Unit notes a unit's state. Soft says that it degrades nothing.
func (b *Board) Unit(e report.Event, soft bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.units[e.Name]; !known {
		b.order = append(b.order, e.Name)
	}
	b.units[e.Name], b.soft[e.Name] = e, soft
	b.send(e)
	b.judge()
}

// SetTrouble notes that a unit which was done is in trouble after all, or with an empty text that it is well again. It says
// whether that is news; one that is not done yet has its own say.
func (b *Board) SetTrouble(name, trouble string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, state := b.units[name], "failed"
	if trouble == "" {
		state = "ok"
	}
	if e.State != "ok" && e.State != "failed" || e.State == state && e.Message == trouble {
		return false
	}
	news := e.State != state
	e.State, e.Message = state, trouble
	b.units[name] = e
	b.send(e)
	b.judge()
	return news
}

// Fact publishes a fact; a value that it had already is no news.
func (b *Board) Fact(f fact.Fact) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fact(f)
}

func (b *Board) fact(f fact.Fact) {
	if old, ok := b.facts[f.Name()]; ok && f.Same(old) {
		return
	}
	b.facts[f.Name()] = f.Value()
	b.send(report.Event{Kind: report.KindFact, Name: f.Name(), Value: f.Value()})
}

// Units returns the latest event of each unit, in the order in which they were first heard of.
func (b *Board) Units() []report.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]report.Event, len(b.order))
	for i, name := range b.order {
		list[i] = b.units[name]
	}
	return list
}

// Waits has Now ask what a unit waits for; nil says nothing.
func (b *Board) Waits(name string, what func() string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting[name] = what
}

// Now is Units with what each unit that is under way waits for at this moment, in place of what it waited for when it was late.
func (b *Board) Now() []report.Event {
	events := b.Units()
	for i, e := range events {
		b.mu.Lock()
		waiting, byHand := b.waiting[e.Name], b.byHand[e.Name]
		b.mu.Unlock()
		if byHand {
			events[i].State, events[i].Message = ByHand, ""
		}
		if byHand || waiting == nil || e.State != "running" && e.State != "late" {
			continue
		}
		if what := waiting(); what != "" {
			events[i].Message = "waiting: " + what
		}
	}
	return events
}

// Facts returns all facts as events, sorted by name.
func (b *Board) Facts() []report.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]report.Event, 0, len(b.facts))
	for _, name := range slices.Sorted(maps.Keys(b.facts)) {
		list = append(list, report.Event{Kind: report.KindFact, Name: name, Value: b.facts[name]})
	}
	return list
}

// Settle says that every unit has an outcome. It returns the state of the boot, "ok" or "degraded", and from now
// on the fact given holds it, as it changes.
func (b *Board) Settle(as fact.One[string]) (state string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state = as
	return b.judge()
}

// judge keeps the fact of the boot's state true; mu is held.
func (b *Board) judge() (state string) {
	if b.state.Name == "" {
		return ""
	}
	state = "ok"
	if slices.ContainsFunc(b.order, b.troubled) {
		state = "degraded"
	}
	b.fact(b.state.Is(state))
	return state
}

// ByHand is shown in place of the state of a unit of what a person has taken over, which is no trouble.
const ByHand = "by hand"

// ByHand notes whether a unit is one of those.
func (b *Board) ByHand(name string, is bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.byHand[name] = is
	b.judge()
}

// troubled says that a person should know about a unit; mu is held.
func (b *Board) troubled(name string) bool {
	state := b.units[name].State
	return !b.byHand[name] && (state == "failed" || state == "late" || state == "degraded") && !b.soft[name]
}

// Note has a line shown with the troubles that degrades nothing; an empty one takes it away.
func (b *Board) Note(about, line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.notes[about] = line; line == "" {
		delete(b.notes, about)
	}
}

// Troubles returns a line for each unit that a person should know about, failed, late and degraded ones, and then the notes.
func (b *Board) Troubles() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var lines []string
	for _, name := range b.order {
		if e := b.units[name]; b.troubled(name) {
			lines = append(lines, name+" "+e.State+": "+e.Message)
		}
	}
	for _, about := range slices.Sorted(maps.Keys(b.notes)) {
		lines = append(lines, b.notes[about])
	}
	return lines
}
