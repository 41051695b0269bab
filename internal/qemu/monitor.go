package qemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// ErrGone says that QEMU ended.
var ErrGone = errors.New("QEMU has ended")

// MonitorError is QEMU's refusal of a command.
type MonitorError struct {
	Command string
	Class   string `json:"class"`
	Desc    string `json:"desc"`
}

func (e *MonitorError) Error() string { return fmt.Sprintf("asking QEMU to %s: %s", e.Command, e.Desc) }

// MonitorEvent is an event of QEMU's monitor, such as SHUTDOWN or
// DEVICE_DELETED (docs/interop/qemu-qmp-ref in QEMU's source).
type MonitorEvent struct {
	Name string          `json:"event"`
	Data json.RawMessage `json:"data"`
}

// Monitor speaks QMP (docs/interop/qmp-spec in QEMU's source). It is safe for
// concurrent use.
type Monitor struct {
	conn io.ReadWriteCloser

	sending sync.Mutex // not mu: QEMU may be busy writing when it should read

	mu      sync.Mutex
	next    int
	waiting map[int]chan answer
	events  []MonitorEvent
	ended   bool
	changed chan struct{}
	done    chan struct{}
}

type answer struct {
	value json.RawMessage
	err   *MonitorError
}

// message is anything QEMU says.
type message struct {
	MonitorEvent
	QMP    json.RawMessage `json:"QMP"`
	Return json.RawMessage `json:"return"`
	Error  *MonitorError   `json:"error"`
	ID     int             `json:"id"`
}

// NewMonitor begins a session on conn: it waits for the greeting and enables commands.
func NewMonitor(ctx context.Context, conn io.ReadWriteCloser) (*Monitor, error) {
	m := &Monitor{conn: conn, waiting: map[int]chan answer{}, changed: make(chan struct{}), done: make(chan struct{})}
	go m.read()
	if _, err := m.Execute(ctx, "qmp_capabilities", nil); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Monitor) read() {
	in := json.NewDecoder(m.conn)
	for {
		var msg message
		err := in.Decode(&msg)
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
			m.events = append(m.events, msg.MonitorEvent)
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
// *MonitorError; ErrGone says that QEMU ended before it answered.
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
func (m *Monitor) WaitEvent(ctx context.Context, name string, what func(json.RawMessage) bool) (MonitorEvent, error) {
	for {
		m.mu.Lock()
		events, ended, changed := m.events, m.ended, m.changed
		m.mu.Unlock()
		for _, e := range events {
			if e.Name == name && (what == nil || what(e.Data)) {
				return e, nil
			}
		}
		if ended {
			return MonitorEvent{}, fmt.Errorf("waiting for QEMU's %s: %w", name, ErrGone)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return MonitorEvent{}, fmt.Errorf("waiting for QEMU's %s: %w", name, context.Cause(ctx))
		}
	}
}

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
