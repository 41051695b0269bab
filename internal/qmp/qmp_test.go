package qmp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// speak plays QEMU: for each line the host sends it answers with what script
// says for its "execute" word.
func speak(conn net.Conn, script map[string]string) {
	fmt.Fprintln(conn, `{"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": []}}`)
	for in := bufio.NewScanner(conn); in.Scan(); {
		var command struct {
			Execute string
			ID      int
		}
		json.Unmarshal(in.Bytes(), &command)
		switch text, ok := script[command.Execute]; {
		case text == "hang up":
			conn.Close()
		case text == "say nothing":
		case ok:
			fmt.Fprintf(conn, text+"\n", command.ID)
		default:
			fmt.Fprintf(conn, "{\"return\": {}, \"id\": %d}\n", command.ID)
		}
	}
}

func TestMonitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, guest := net.Pipe()
		defer host.Close()
		go speak(guest, map[string]string{
			"query-name":       `{"event": "STOP", "timestamp": {"seconds": 1}}{"return": {"name": "box"}, "id": %d}`,
			"device_del":       `{"error": {"class": "DeviceNotFound", "desc": "Device 'x' not found"}, "id": %d}`,
			"system_powerdown": `{"return": {}, "id": %d}{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}`,
			"query-block":      "say nothing",
			"system_wakeup":    "hang up",
		})
		m, err := New(t.Context(), host)
		if err != nil {
			t.Fatal(err)
		}
		value, err := m.Execute(t.Context(), "query-name", nil)
		if err != nil || string(value) != `{"name": "box"}` {
			t.Errorf("query-name = %s, %v", value, err)
		}
		var refused *Error
		if _, err := m.Execute(t.Context(), "device_del", map[string]string{"id": "x"}); !errors.As(err, &refused) || refused.Class != "DeviceNotFound" {
			t.Errorf("device_del = %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if _, err := m.Execute(ctx, "query-block", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("query-block = %v", err)
		}
		cancel()
		if reason := m.Shutdown(); reason != "" {
			t.Errorf("Shutdown() = %q before there was one", reason)
		}
		m.Execute(t.Context(), "system_powerdown", nil)
		e, err := m.WaitEvent(t.Context(), "SHUTDOWN", nil)
		if err != nil || m.Shutdown() != "guest-shutdown" {
			t.Errorf("WaitEvent = %s, %v; Shutdown() = %q", e.Data, err, m.Shutdown())
		}
		if _, err := m.Execute(t.Context(), "system_wakeup", nil); !errors.Is(err, ErrGone) {
			t.Errorf("system_wakeup = %v", err)
		}
		if _, err := m.WaitEvent(t.Context(), "RESET", nil); !errors.Is(err, ErrGone) {
			t.Errorf("WaitEvent after the end = %v", err)
		}
	})
}

// Each event is told once to who asks for what comes after those it has seen; of too many the latest are kept, and none
// is told for another.
func TestEventsInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, guest := net.Pipe()
		defer host.Close()
		go speak(guest, map[string]string{"quit": "hang up"})
		m, err := New(t.Context(), host)
		if err != nil {
			t.Fatal(err)
		}
		say := func(from, to int) {
			for n := from; n < to; n++ {
				fmt.Fprintf(guest, "{\"event\": \"E%d\"}\n", n)
			}
			synctest.Wait()
		}
		seen := 0
		for _, tt := range []struct{ from, to, first int }{{0, 1, 0}, {1, 3, 1}, {3, 3 + maxEvents, 3}, {259, 600, 600 - maxEvents}} {
			say(tt.from, tt.to)
			events, now, err := m.After(t.Context(), seen)
			if err != nil || now != tt.to || now != m.Seen() || len(events) != tt.to-tt.first || events[0].Name != fmt.Sprintf("E%d", tt.first) {
				t.Fatalf("after %d: %d events from %v, %d in all, %v", seen, len(events), events[0], now, err)
			}
			seen = now
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := m.WaitNext(ctx, seen, "E599", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an event that was seen comes again: %v", err)
		}
		m.Execute(t.Context(), "quit", nil)
		if _, _, err := m.After(t.Context(), seen); !errors.Is(err, ErrGone) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// said is a QEMU that has said all that it will.
type said struct{ *bytes.Reader }

func (said) Write(b []byte) (int, error) { return len(b), nil }
func (said) Close() error                { return nil }

// A QEMU that somebody took over has no more of our memory than a message and what is remembered of events.
func TestLongMessages(t *testing.T) {
	long := strings.Repeat("x", maxData)
	m := &Monitor{conn: said{bytes.NewReader([]byte(`{"event": "SHORT", "data": "` + long[2:] + `"} {"event": "LONG", "data": "` + long + `"}{"event": "END", "data": "` + strings.Repeat("x", 2*maxMessage) + `"} {"event": "LATER"}`))},
		waiting: map[int]chan answer{}, changed: make(chan struct{}), done: make(chan struct{})}
	m.read()
	if len(m.events) != 2 || m.events[0].Name != "SHORT" || len(m.events[0].Data) != maxData || m.events[1].Name != "LONG" || m.events[1].Data != nil || !m.ended {
		t.Errorf("%d events are remembered", len(m.events))
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"QMP": {}} {"return": {}, "id": 1} {"event": "SHUTDOWN", "data": {"reason": "guest-shutdown"}}`))
	f.Add([]byte(`{"error": {"class": "DeviceNotFound", "desc": "x"}, "id": 1}{"error": null, "id": 1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		waits := make(chan answer, 1)
		m := &Monitor{conn: said{bytes.NewReader(b)}, waiting: map[int]chan answer{1: waits}, changed: make(chan struct{}), done: make(chan struct{})}
		m.read()
		if len(m.events) > maxEvents || !m.ended || len(m.waiting) > 0 {
			t.Errorf("%d events, %t, %d wait", len(m.events), m.ended, len(m.waiting))
		}
		_ = m.Shutdown()
	})
}
