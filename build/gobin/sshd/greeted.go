package main

import (
	"bytes"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// greeted is a connection whose client has got the server's version already.
type greeted struct {
	net.Conn
	socket syscall.RawConn
	done   bool
	// in says that the client has logged in.
	in atomic.Bool
}

func newGreeted(raw net.Conn) (*greeted, error) {
	c, ok := raw.(*net.TCPConn)
	if !ok {
		return nil, fmt.Errorf("%T is no TCP connection", raw)
	}
	socket, err := c.SyscallConn()
	return &greeted{Conn: raw, socket: socket}, err
}

func (g *greeted) Write(b []byte) (int, error) {
	if !g.done && bytes.Equal(b, []byte(version+"\r\n")) {
		g.done = true
		return len(b), nil
	}
	return g.Conn.Write(b)
}

// Read has the kernel acknowledge at once what a client says before it is in. OpenSSH's ends the key exchange with a small packet and
// asks for the login with another, which waits for the first one's acknowledgement (RFC 896); the kernel would put that off for 40 ms,
// for there is nothing to answer (tcp(7), TCP_QUICKACK, which holds until the next word of ours).
func (g *greeted) Read(b []byte) (int, error) {
	if !g.in.Load() {
		_ = g.socket.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) })
	}
	return g.Conn.Read(b)
}
