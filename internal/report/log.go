package report

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
)

// ErrEnded says that the report ended before what was waited for.
var ErrEnded = errors.New("the report ended")

// MaxLine bounds a line of the report in bytes: 64 KiB each of Output and Errors
// with every byte escaped as \u00xx, and room for the rest.
const MaxLine = 1 << 20

// State is what a report has said so far.
type State struct {
	// Events in the order they came.
	Events []Event
	// Units and Facts hold the last event of each name.
	Units, Facts map[string]Event
	// Hello, Boot and Done are nil until they came.
	Hello, Boot, Done *Event
	// Broken counts lines that were no events; Bad is the first one's error.
	Broken int
	Bad    error
	// Ended: no more events will come.
	Ended bool
}

// Log collects a report on the host. It is safe for concurrent use.
type Log struct {
	mu      sync.Mutex
	state   State
	changed chan struct{} // closed and replaced at every change
}

// NewLog returns an empty log.
func NewLog() *Log {
	return &Log{changed: make(chan struct{}), state: State{Units: map[string]Event{}, Facts: map[string]Event{}}}
}

// Add takes one event in.
func (l *Log) Add(e Event) {
	l.update(func(s *State) {
		s.Events = append(s.Events, e)
		switch e.Kind {
		case KindUnit, KindLate:
			s.Units[e.Name] = e
		case KindFact:
			s.Facts[e.Name] = e
		case KindHello:
			s.Hello = &e
		case KindBoot:
			s.Boot = &e
		case KindDone:
			s.Done = &e
		}
	})
}

// End says that no more events will come.
func (l *Log) End() { l.update(func(s *State) { s.Ended = true }) }

func (l *Log) broken(err error) {
	l.update(func(s *State) {
		s.Broken++
		if s.Bad == nil {
			s.Bad = err
		}
	})
}

func (l *Log) update(change func(*State)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.state)
	close(l.changed)
	l.changed = make(chan struct{})
}

// Read adds the events of r until it ends. A line that is no event is counted
// and passed over: a kernel message on a shared serial port must not hide the rest.
func (l *Log) Read(r io.Reader) error {
	in := bufio.NewReaderSize(r, MaxLine)
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			l.broken(fmt.Errorf("reading a report line: longer than %d bytes", MaxLine))
		case len(line) > 1:
			if e, err := ParseEvent(line); err != nil {
				l.broken(err)
			} else {
				l.Add(e)
			}
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("reading the report: %w", err)
		}
	}
}

// State returns a copy of what is known now. The events are shared and not to be changed.
func (l *Log) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.state
	s.Events = s.Events[:len(s.Events):len(s.Events)]
	s.Units, s.Facts = maps.Clone(s.Units), maps.Clone(s.Facts)
	return s
}

// Until waits until what says yes to the state, looking at each change. It
// returns ErrEnded where the report ends first, or ctx's cause. what must not keep
// the state it is shown.
func (l *Log) Until(ctx context.Context, what func(*State) bool) error {
	for {
		l.mu.Lock()
		yes, ended, changed := what(&l.state), l.state.Ended, l.changed
		l.mu.Unlock()
		switch {
		case yes:
			return nil
		case ended:
			return ErrEnded
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Follow calls see with each event, from the first, until ctx or the report ends.
func (l *Log) Follow(ctx context.Context, see func(Event)) {
	next := 0
	for {
		var fresh []Event
		err := l.Until(ctx, func(s *State) bool {
			fresh = s.Events[next:len(s.Events):len(s.Events)]
			return len(fresh) > 0
		})
		if err != nil {
			return
		}
		next += len(fresh)
		for _, e := range fresh {
			see(e)
		}
	}
}
