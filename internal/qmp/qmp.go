// Package qmp speaks with QEMU's monitor (docs/interop/qmp-spec in QEMU's source).
package qmp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
)

// ErrGone says that QEMU ended.
var ErrGone = errors.New("QEMU has ended")

// Error is QEMU's refusal of a command.
type Error struct {
	Command string
	Class   string `json:"class"`
	Desc    string `json:"desc"`
}

func (e *Error) Error() string { return fmt.Sprintf("asking QEMU to %s: %s", e.Command, e.Desc) }

// Event is an event of QEMU's monitor, such as SHUTDOWN or
// DEVICE_DELETED (docs/interop/qemu-qmp-ref in QEMU's source).
type Event struct {
	Name string          `json:"event"`
	Data json.RawMessage `json:"data"`
}

// maxEvents is how many events are remembered, the latest: a guest that sets its clock every few
// minutes makes one each time, for years.
const maxEvents = 256

// maxMessage bounds what is read at once of one message that has no end yet, maxData what is remembered of an event, both in bytes: a guest may have taken its QEMU
// over, and must not have our memory as well.
const maxMessage, maxData = 1 << 20, 16 << 10

// metered reads no more than is left.
type metered struct {
	io.Reader
	left int
}

func (m *metered) Read(p []byte) (int, error) {
	if m.left == 0 {
		return 0, errors.New("a message without an end")
	}
	n, err := m.Reader.Read(p[:min(len(p), m.left)])
	m.left -= n
	return n, err
}

// Monitor is a session with a monitor. It is safe for concurrent use.
type Monitor struct {
	conn io.ReadWriteCloser

	sending sync.Mutex // not mu: QEMU may be busy writing when it should read

	mu      sync.Mutex
	next    int
	waiting map[int]chan answer
	events  []Event
	gone    int // events before these, which are forgotten
	ended   bool
	changed chan struct{}
	done    chan struct{}
}

type answer struct {
	value json.RawMessage
	err   *Error
}

// message is anything QEMU says.
type message struct {
	Event
	QMP    json.RawMessage `json:"QMP"`
	Return json.RawMessage `json:"return"`
	Error  *Error          `json:"error"`
	ID     int             `json:"id"`
}

// New begins a session on conn: it waits for the greeting and enables commands.
func New(ctx context.Context, conn io.ReadWriteCloser) (*Monitor, error) {
	m := &Monitor{conn: conn, waiting: map[int]chan answer{}, changed: make(chan struct{}), done: make(chan struct{})}
	go m.read()
	if _, err := m.Execute(ctx, "qmp_capabilities", nil); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Monitor) read() {
	from := &metered{Reader: m.conn}
	in := json.NewDecoder(from)
	for {
		var msg message
		from.left = maxMessage
		err := in.Decode(&msg)
		if len(msg.Data) > maxData {
			msg.Data = nil
		}
		m.mu.Lock()
		switch {
		case err != nil:
			m.ended = true
			for id, w := range m.waiting {
				close(w)
				delete(m.waiting, id)
			}
			close(m.changed)
			close(m.done)
			m.mu.Unlock()
			return
		case msg.Name != "":
			if len(m.events) == maxEvents {
				m.events = slices.Clone(m.events[1:]) // those who wait hold the old ones
				m.gone++
			}
			m.events = append(m.events, msg.Event)
			close(m.changed)
			m.changed = make(chan struct{})
		case m.waiting[msg.ID] != nil:
			m.waiting[msg.ID] <- answer{msg.Return, msg.Error}
			delete(m.waiting, msg.ID)
		}
		m.mu.Unlock()
	}
}

// Execute runs a command and returns its result. QEMU's refusal is a
// *Error; ErrGone says that QEMU ended before it answered.
func (m *Monitor) Execute(ctx context.Context, command string, arguments any) (json.RawMessage, error) {
	m.mu.Lock()
	if m.ended {
		m.mu.Unlock()
		return nil, fmt.Errorf("asking QEMU to %s: %w", command, ErrGone)
	}
	m.next++
	id, reply := m.next, make(chan answer, 1)
	m.waiting[id] = reply
	line, err := json.Marshal(struct {
		Execute   string `json:"execute"`
		Arguments any    `json:"arguments,omitempty"`
		ID        int    `json:"id"`
	}{command, arguments, id})
	m.mu.Unlock()
	if err == nil {
		m.sending.Lock()
		_, err = m.conn.Write(append(line, '\n'))
		m.sending.Unlock()
	}
	if err != nil {
		return nil, fmt.Errorf("asking QEMU to %s: %w", command, err)
	}
	select {
	case a, ok := <-reply:
		if !ok {
			return nil, fmt.Errorf("asking QEMU to %s: %w", command, ErrGone)
		}
		if a.err != nil {
			a.err.Command = command
			return nil, a.err
		}
		return a.value, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("asking QEMU to %s: %w", command, context.Cause(ctx))
	}
}

// WaitEvent waits for an event of that name that what accepts (nil accepts any),
// including those that came before.
func (m *Monitor) WaitEvent(ctx context.Context, name string, what func(json.RawMessage) bool) (Event, error) {
	return m.WaitNext(ctx, 0, name, what)
}

// WaitNext is WaitEvent without the first events that there were, so many of them.
func (m *Monitor) WaitNext(ctx context.Context, seen int, name string, what func(json.RawMessage) bool) (Event, error) {
	for {
		events, now, err := m.After(ctx, seen)
		if err != nil {
			return Event{}, fmt.Errorf("waiting for QEMU's %s: %w", name, err)
		}
		for _, e := range events {
			if e.Name == name && (what == nil || what(e.Data)) {
				return e, nil
			}
		}
		seen = now
	}
}

// After waits until there are more events than those seen, a number, and returns them and how many there were by now. Of
// more than 256 that nobody asked for, the oldest are lost. The error is ErrGone once QEMU has ended and all are told.
func (m *Monitor) After(ctx context.Context, seen int) (events []Event, now int, err error) {
	for {
		m.mu.Lock()
		now, ended, changed := m.gone+len(m.events), m.ended, m.changed
		if now > seen {
			events = m.events[max(seen-m.gone, 0):]
		}
		m.mu.Unlock()
		switch {
		case events != nil:
			return events, now, nil
		case ended:
			return nil, now, ErrGone
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, now, context.Cause(ctx)
		}
	}
}

// Seen is how many events there were.
func (m *Monitor) Seen() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.gone + len(m.events)
}

// Done is closed when QEMU has ended, or hung up.
func (m *Monitor) Done() <-chan struct{} { return m.done }

// Shutdown returns the reason of QEMU's SHUTDOWN event, such as guest-shutdown
// or guest-reset, or "" where there was none.
func (m *Monitor) Shutdown() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.events {
		var data struct{ Reason string }
		if e.Name == "SHUTDOWN" && json.Unmarshal(e.Data, &data) == nil {
			return data.Reason
		}
	}
	return ""
}
