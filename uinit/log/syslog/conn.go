package syslog

import (
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// counted counts what is written to a connection, below TLS.
type counted struct {
	net.Conn
	written atomic.Int64
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.written.Add(int64(n))
	return n, err
}

// sent is an item that was written, with what is needed to know when the server has it.
type sent struct {
	item
	mark int64 // bytes written with it, or unwritten
	at   time.Time
}

// unwritten marks an item that was not written as a whole.
const unwritten = -1

// grace is how long after a datagram the network may still answer that nobody listens.
const grace = time.Second

// arrived returns how many of the items, from the first on, have arrived. TCP tells: what is
// in the socket's queue was not acknowledged yet (SIOCOUTQ, tcp(7)), and would be lost with
// the connection. Of a datagram it is known only when nothing was heard for a while.
func (c *counted) arrived(items []sent, now time.Time) int {
	there := func(s sent) bool { return true }
	switch c.Conn.(type) {
	case *net.TCPConn:
		acknowledged := c.written.Load() - c.outstanding()
		there = func(s sent) bool { return s.mark <= acknowledged }
	case *net.UDPConn:
		there = func(s sent) bool { return now.Sub(s.at) >= grace }
	}
	for n, s := range items {
		if s.mark == unwritten || !there(s) {
			return n
		}
	}
	return len(items)
}

func (c *counted) outstanding() (n int64) {
	raw, err := c.Conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		if v, err := unix.IoctlGetInt(int(fd), unix.TIOCOUTQ); err == nil {
			n = int64(v)
		}
	})
	return n
}
