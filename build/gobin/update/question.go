package main

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// question is a connection to name servers of which each is asked once those before it have failed, or have said nothing for a while. The
// first answer counts. An order there is because they may not know the same names: one at home knows more than one of the world.
//
// Go's resolver sees one server that it speaks UDP with; it checks what comes, and reads on where that is no answer to what it asked.
type question struct {
	servers  resolvers
	ctx      context.Context // until Close
	close    context.CancelFunc
	answered chan answered

	mu       sync.Mutex
	text     []byte
	deadline time.Time
	asked    int
	failed   int
	refused  []byte // the answer of a server that could not help
}

// answered is a datagram of a name server, or why none comes.
type answered struct {
	text []byte
	err  error
}

func newQuestion(servers resolvers) *question {
	ctx, cancel := context.WithCancel(context.Background())
	return &question{servers: servers, ctx: ctx, close: cancel, answered: make(chan answered)}
}

// Write takes the question, and asks the first server.
func (q *question) Write(b []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.text = bytes.Clone(b)
	q.next()
	return len(b), nil
}

// next asks the next server, if there is one.
func (q *question) next() {
	if q.asked < len(q.servers) {
		go q.ask(q.servers[q.asked], q.text)
		q.asked++
	}
}

// Read waits for an answer.
func (q *question) Read(b []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	end := time.NewTimer(time.Until(q.deadline))
	defer end.Stop()
	patience := time.NewTicker(nextServer)
	defer patience.Stop()
	for {
		select {
		case a := <-q.answered:
			if a.err == nil && helps(a.text) {
				return copy(b, a.text), nil
			}
			if q.failed++; a.err == nil {
				q.refused = a.text
			}
			switch {
			case q.failed < len(q.servers):
				q.next()
			case q.refused != nil:
				return copy(b, q.refused), nil
			default:
				return 0, a.err
			}
		case <-patience.C:
			q.next()
		case <-end.C:
			return 0, os.ErrDeadlineExceeded
		case <-q.ctx.Done():
			return 0, net.ErrClosed
		}
	}
}

const (
	// dnsHead is how many bytes every answer has, of which the fourth has the code (RFC 1035, section 4.1.1).
	dnsHead = 12
	// maxAnswer is how many bytes an answer has at most: more than what Go's resolver offers to take.
	maxAnswer = 4096
	// The codes of answers that say something of the name.
	noError, noName = 0, 3
)

// helps says whether an answer is about the name, and not that the server cannot tell.
func helps(answer []byte) bool {
	code := answer[3] & 0xf
	return code == noError || code == noName
}

// ask asks one server, and hands on whatever it says.
func (q *question) ask(server netip.AddrPort, text []byte) {
	tell := func(a answered) {
		select {
		case q.answered <- a:
		case <-q.ctx.Done():
		}
	}
	conn, err := net.Dial("udp", server.String())
	if err != nil {
		tell(answered{err: err})
		return
	}
	defer context.AfterFunc(q.ctx, func() { conn.Close() })()
	defer conn.Close()
	if _, err := conn.Write(text); err != nil {
		tell(answered{err: err})
		return
	}
	for b := make([]byte, maxAnswer); q.ctx.Err() == nil; {
		n, err := conn.Read(b)
		if err != nil {
			tell(answered{err: err})
			return
		}
		if n >= dnsHead {
			tell(answered{text: bytes.Clone(b[:n])})
		}
	}
}

// Close ends all that was asked.
func (q *question) Close() error {
	q.close()
	return nil
}

func (q *question) SetDeadline(t time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.deadline = t
	return nil
}

// What a net.PacketConn has besides, by which the resolver knows that this is UDP.

func (q *question) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := q.Read(b)
	return n, q.RemoteAddr(), err
}

func (q *question) WriteTo(b []byte, _ net.Addr) (int, error) { return q.Write(b) }
func (q *question) LocalAddr() net.Addr                       { return &net.UDPAddr{} }
func (q *question) RemoteAddr() net.Addr                      { return &net.UDPAddr{} }
func (q *question) SetReadDeadline(t time.Time) error         { return q.SetDeadline(t) }
func (q *question) SetWriteDeadline(time.Time) error          { return nil }
