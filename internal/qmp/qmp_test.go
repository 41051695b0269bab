package qmp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
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
