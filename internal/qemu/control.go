package qemu

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/imgbuild/imgbuild/internal/report"
)

// Control asks uinit to do things through report.PortControl. It is safe for
// concurrent use.
type Control struct {
	conn io.Writer
	log  *report.Log

	mu   sync.Mutex
	next int
}

// NewControl writes requests to conn; the replies come into log, by whichever port.
func NewControl(conn io.Writer, log *report.Log) *Control {
	return &Control{conn: conn, log: log}
}

// Request numbers r, sends it and waits for its reply, or for the report's "done"
// where r asks for power. It returns report.ErrEnded where the guest ends first,
// or ctx's cause.
func (c *Control) Request(ctx context.Context, r report.Request) (report.Event, error) {
	id, err := c.send(r)
	if err != nil {
		return report.Event{}, err
	}
	var reply report.Event
	seen := 0
	err = c.log.Until(ctx, func(s *report.State) bool {
		for _, e := range s.Events[seen:] {
			if e.Kind == report.KindReply && e.ID == id || r.Power != "" && e.Kind == report.KindDone {
				reply = e
				return true
			}
		}
		seen = len(s.Events)
		return false
	})
	if err != nil {
		return report.Event{}, fmt.Errorf("waiting for the guest's answer: %w", err)
	}
	return reply, nil
}

// acknowledge tells the guest that its "done" arrived, so that it need not wait.
func (c *Control) acknowledge(ctx context.Context) {
	if c.log.Until(ctx, func(s *report.State) bool { return s.Done != nil }) == nil {
		c.send(report.Request{Ack: true}) // the guest powers off in any case, only later
	}
}

func (c *Control) send(r report.Request) (id int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	r.ID = c.next
	line, err := json.Marshal(r)
	if err != nil {
		return 0, fmt.Errorf("writing a request: %w", err)
	}
	if _, err := c.conn.Write(append(line, '\n')); err != nil {
		return 0, fmt.Errorf("sending a request to the guest: %w", err)
	}
	return c.next, nil
}
