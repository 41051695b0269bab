package main

import (
	"bufio"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
)

const (
	// fresh is how long an answer of the init's serves for those who ask meanwhile.
	fresh = time.Second
	// lost is how long none may take.
	lost = 20 * time.Second
)

// deadliner is a connection, or a file that is one.
type deadliner interface {
	io.ReadWriter
	SetDeadline(time.Time) error
}

// line is the way to the init.
type line struct {
	init deadliner
	in   *bufio.Scanner
	// broken takes why nothing will come any more.
	broken chan error

	mu     sync.Mutex
	asked  time.Time
	events []report.Event
	err    error
}

func newLine(init deadliner) *line {
	in := bufio.NewScanner(init)
	in.Buffer(nil, report.MaxLine)
	return &line{init: init, in: in, broken: make(chan error, 1)}
}

// ask returns what the init tells of units and facts.
func (l *line) ask() ([]report.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil || l.events != nil && time.Since(l.asked) < fresh {
		return l.events, l.err
	}
	if l.events, l.err = l.answer(); l.err != nil {
		l.broken <- l.err
	}
	l.asked = time.Now()
	return l.events, l.err
}

func (l *line) answer() ([]report.Event, error) {
	_ = l.init.SetDeadline(time.Now().Add(lost))
	if _, err := io.WriteString(l.init, "?"); err != nil {
		return nil, fmt.Errorf("asking uinit: %w", err)
	}
	events := []report.Event{}
	for l.in.Scan() {
		if len(l.in.Bytes()) == 0 {
			return events, nil
		}
		e, err := report.ParseEvent(l.in.Bytes())
		if err != nil {
			return nil, fmt.Errorf("asking uinit: %w", err)
		}
		events = append(events, e)
	}
	if err := l.in.Err(); err != nil {
		return nil, fmt.Errorf("asking uinit: %w", err)
	}
	return nil, fmt.Errorf("asking uinit: %w", io.ErrUnexpectedEOF)
}
