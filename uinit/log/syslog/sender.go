package syslog

import (
	"context"
	"errors"
	"net"
	"time"
)

// Sender sends records to one server, and keeps those that it can't send. Over a stream a
// record is let go when the server's machine has acknowledged it; one that was on its way
// when a connection broke is sent again, so a server may see it twice, with the same
// sequenceId. What a server that crashes has not read by then no protocol of syslog tells.
type Sender struct {
	// Level: records less urgent (with a greater number) are not sent.
	Level int
	// Dial connects; see Remote.
	Dial func(ctx context.Context) (net.Conn, error)
	// Stream: messages carry their length; otherwise each is a packet.
	Stream bool
	// RetryMin and RetryMax bound the pause between two attempts to connect.
	RetryMin, RetryMax time.Duration
	// Flush is how long the last records may take at the end.
	Flush time.Duration
	// Report is called from Run when the server comes and goes.
	Report func(Status)

	queue *queue
	wake  chan struct{}
}

// Status is how things stand with the server.
type Status struct {
	Connected bool
	// Err is why it is not connected.
	Err error
	// Waiting counts the records in memory; Lost those that are gone for good.
	Waiting int
	Lost    uint64
}

// What applies unless a Sender's fields say otherwise.
const (
	retryMin = time.Second
	retryMax = time.Minute
	flush    = 2 * time.Second

	// window bounds what was sent and is not known to have arrived, in items.
	window = 512
	// settle is how often it is looked whether the last items have arrived.
	settle = 200 * time.Millisecond
	// stuck is how long a server may take nothing before it counts as away.
	stuck = 30 * time.Second
)

// NewSender makes a Sender whose queue holds so many bytes in memory; spool may be nil.
// The caller sets Dial, Stream and what else differs from the defaults.
func NewSender(limit int64, spool *Spool, format Format) *Sender {
	if format.Limit == 0 {
		format.Limit = limitStream
	}
	return &Sender{Level: 7, RetryMin: retryMin, RetryMax: retryMax, Flush: flush,
		Report: func(Status) {}, queue: newQueue(limit, spool, format.Message), wake: make(chan struct{}, 1)}
}

// Add queues a record. It never waits.
func (s *Sender) Add(r Record) {
	if r.Severity <= s.Level {
		s.queue.push(r)
	}
}

// Wake cuts the pause before the next attempt to connect short: the network has come up, say.
func (s *Sender) Wake() { signal(s.wake) }

// Lost counts the records that are gone for good.
func (s *Sender) Lost() uint64 {
	_, lost := s.queue.counts()
	return lost
}

// Run sends until ctx ends, then for as long as Flush, and leaves the rest to the spool.
func (s *Sender) Run(ctx context.Context) {
	spilling := make(chan struct{})
	go func() {
		defer close(spilling)
		s.spill(ctx)
	}()
	s.connect(ctx)
	<-spilling
	if err := s.queue.spill(true); err != nil {
		s.report(false, err)
	}
}

// spill moves records to disk as memory fills. A disk that fails is left alone for a while.
func (s *Sender) spill(ctx context.Context) {
	for {
		select {
		case <-s.queue.crowded:
			if err := s.queue.spill(false); err != nil {
				s.report(false, err)
				select {
				case <-time.After(s.RetryMax):
				case <-ctx.Done():
					return
				}
			}
		case <-ctx.Done():
			return
		}
	}
}

func (s *Sender) connect(ctx context.Context) {
	pause := s.RetryMin
	for ctx.Err() == nil {
		conn, err := s.Dial(ctx)
		if err == nil {
			if s.Stream {
				s.report(true, nil)
			}
			var useful bool
			useful, err = s.drain(ctx, conn)
			if useful {
				pause = s.RetryMin
			}
		}
		if ctx.Err() != nil {
			return
		}
		s.report(false, err)
		select {
		case <-time.After(pause):
		case <-s.wake:
		case <-ctx.Done():
		}
		pause = min(2*pause, s.RetryMax)
	}
}

func (s *Sender) report(connected bool, err error) {
	waiting, lost := s.queue.counts()
	s.Report(Status{Connected: connected, Err: err, Waiting: waiting, Lost: lost})
}

var (
	errClosed = errors.New("the server closed the connection")
	errEnding = errors.New("the time to send the last records is over")
)

// drain sends over one connection until that breaks, or ctx has ended and nothing is left.
// useful says that something arrived.
func (s *Sender) drain(ctx context.Context, conn net.Conn) (useful bool, err error) {
	l := link{ctx: ctx, conn: conn, sender: s, raw: rawOf(conn), broken: make(chan error, 1)}
	defer func() {
		l.settle(time.Now())
		useful = l.arrived > 0
		conn.Close()
		s.queue.putBack(l.items())
	}()
	go l.listen()
	// A server that takes nothing must not hold up a shutdown.
	defer context.AfterFunc(ctx, func() { l.limit(s.Flush) })()
	tick := time.NewTicker(settle)
	defer tick.Stop()
	ending, done := (<-chan time.Time)(nil), ctx.Done()
	for {
		l.settle(time.Now())
		if len(l.flying) < window {
			if i, ok := s.queue.take(); ok {
				if err := l.send(i); err != nil {
					return false, err
				}
				continue
			}
		}
		if done == nil {
			// There is no time to wait for the network's silence after the last datagram.
			if l.settle(time.Now().Add(grace)); len(l.flying) == 0 && s.queue.empty() {
				return false, nil
			}
		}
		select {
		case <-s.queue.filled:
		case <-tick.C:
		case err := <-l.broken:
			return false, err
		case <-done:
			done, ending = nil, time.After(s.Flush)
		case <-ending:
			return false, errEnding
		}
	}
}
