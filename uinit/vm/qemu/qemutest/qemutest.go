// Package qemutest plays QEMU's monitor for tests.
package qemutest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing/synctest"
)

// NoSpace is what the monitor says of disks of which the first, "root", has no space.
const NoSpace = `[{"io-status": "nospace", "inserted": {"node-name": "disk-root"}}, {"io-status": "ok", "inserted": {"node-name": "disk-more"}}, {"device": "cd"}]`

// QEMU answers as QEMU's monitor does, within a bubble of testing/synctest. Its state changes as in QEMU.
type QEMU struct {
	conn  net.Conn
	ended chan struct{}

	mu sync.Mutex
	// status and blocks are answers.
	status, blocks string
	asked          []string
	relapse        string
	button         string
}

// New is a QEMU whose guest has a state, such as running, and the other end of its monitor.
func New(status string) (*QEMU, net.Conn) {
	ours, theirs := net.Pipe()
	q := &QEMU{conn: theirs, ended: make(chan struct{}), status: status, blocks: "[]"}
	go q.serve()
	return q, ours
}

func (q *QEMU) serve() {
	defer close(q.ended)
	fmt.Fprintln(q.conn, `{"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": []}}`)
	for in := bufio.NewScanner(q.conn); in.Scan(); {
		var command struct {
			Execute string
			ID      int
		}
		_ = json.Unmarshal(in.Bytes(), &command)
		answer, events := q.answer(command.Execute)
		fmt.Fprintf(q.conn, "{\"return\": %s, \"id\": %d}\n", answer, command.ID)
		for _, e := range events {
			fmt.Fprintln(q.conn, e)
		}
		if command.Execute == "quit" {
			q.conn.Close()
		}
	}
}

func (q *QEMU) answer(command string) (value string, events []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch command {
	case "query-status":
		return fmt.Sprintf(`{"status": %q, "running": %v}`, q.status, q.status == "running"), nil
	case "query-block":
		return q.blocks, nil
	}
	q.asked = append(q.asked, command)
	switch command {
	case "system_reset":
		if q.status != "running" {
			q.status = "prelaunch"
		}
		events = []string{`{"event": "RESET", "data": {"guest": false, "reason": "host-qmp-system-reset"}}`}
	case "cont":
		q.status, events = "running", []string{`{"event": "RESUME"}`}
		if q.relapse != "" {
			q.status = q.relapse
			events = append(events, `{"event": "STOP"}`)
		}
	case "system_wakeup":
		q.status, events = "running", []string{`{"event": "WAKEUP"}`}
	case "system_powerdown":
		if q.button != "" && q.status == "running" {
			q.status, events = q.button, []string{`{"event": "STOP"}`}
		}
	}
	return "{}", events
}

// Turn has the guest be in another state, with what is said of its disks, says events, and waits until all that has had its
// consequences.
func (q *QEMU) Turn(status, blocks string, events ...string) {
	q.mu.Lock()
	q.status, q.blocks = status, blocks
	q.mu.Unlock()
	for _, e := range events {
		fmt.Fprintln(q.conn, e)
	}
	synctest.Wait()
}

// Relapse is the state that the guest has at once where it goes on; "" for one that runs.
func (q *QEMU) Relapse(status string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.relapse = status
}

// Pressed is the state that the guest has once its power button is pressed; "" for one that does not care.
func (q *QEMU) Pressed(status string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.button = status
}

// Asked returns the commands since the last call, but for questions.
func (q *QEMU) Asked() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	asked := slices.DeleteFunc(q.asked, func(c string) bool { return c == "qmp_capabilities" })
	q.asked = nil
	return asked
}

// Hangup ends it.
func (q *QEMU) Hangup() {
	q.conn.Close()
	<-q.ended
}

// Ended is closed when it has ended, as the monitor's command quit has it do.
func (q *QEMU) Ended() <-chan struct{} { return q.ended }
