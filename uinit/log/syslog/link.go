package syslog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// link is one connection and what is on its way there.
type link struct {
	ctx     context.Context
	conn    net.Conn
	raw     *counted
	sender  *Sender
	flying  []sent
	arrived int
	broken  chan error
}

// listen notices the end of a connection that nothing is written to: a server that closed
// it, or the network's answer that nobody listens. Servers of syslog say nothing themselves.
func (l *link) listen() {
	buf := make([]byte, 512)
	for {
		if _, err := l.conn.Read(buf); err != nil {
			if !errors.Is(err, net.ErrClosed) {
				l.broken <- fmt.Errorf("%w (%w)", errClosed, err)
			}
			return
		}
	}
}

func (l *link) limit(d time.Duration) { _ = l.conn.SetWriteDeadline(time.Now().Add(d)) }

func (l *link) send(i item) error {
	text := l.sender.queue.text(i)
	if l.sender.Stream {
		text = frame(text)
	}
	l.limit(stuck)
	if l.ctx.Err() != nil {
		l.limit(l.sender.Flush)
	}
	_, err := l.conn.Write(text)
	mark := l.raw.written.Load()
	if err != nil {
		mark = unwritten
	}
	l.flying = append(l.flying, sent{item: i, mark: mark, at: time.Now()})
	if err != nil {
		return fmt.Errorf("sending log records: %w", err)
	}
	return nil
}

// settle lets go of what has arrived.
func (l *link) settle(now time.Time) {
	n := l.raw.arrived(l.flying, now)
	for _, f := range l.flying[:n] {
		l.sender.queue.done(f.item)
	}
	l.flying = l.flying[n:]
	if n > 0 && l.arrived == 0 && !l.sender.Stream {
		// Sending is all that connecting means here; now something got there, for all we know.
		l.sender.report(true, nil)
	}
	l.arrived += n
}

func (l *link) items() []item {
	items := make([]item, len(l.flying))
	for n, f := range l.flying {
		items[n] = f.item
	}
	return items
}
