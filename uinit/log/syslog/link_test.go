package syslog

import (
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A datagram has arrived when nothing was heard for a second; of other connections the kernel tells.
func TestArrived(t *testing.T) {
	now := time.Now()
	items := []sent{{at: now.Add(-2 * time.Second)}, {at: now.Add(-time.Second)}, {at: now.Add(1 - time.Second)}, {at: now.Add(-time.Hour)}}
	if n := (&counted{Conn: &net.UDPConn{}}).arrived(items, now); n != 2 {
		t.Errorf("%d of the datagrams", n)
	}
	if n := (&counted{Conn: &net.UDPConn{}}).arrived(items, now.Add(time.Minute)); n != 4 {
		t.Errorf("%d of the datagrams, a minute later", n)
	}
	c := collect(t)
	conn, err := Remote{Scheme: "tcp", Address: c.address}.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw := rawOf(conn)
	if v := option(t, raw.Conn.(*net.TCPConn), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); v != 30000 {
		t.Errorf("a server that lost its power is noticed after %d ms", v)
	}
	if _, err := conn.Write([]byte("3 abc")); err != nil || raw.written.Load() != 5 {
		t.Fatal(err)
	}
	if got := <-c.messages; got != "abc" {
		t.Error(got)
	}
	for raw.outstanding() > 0 { // until the kernel has heard that it arrived
		time.Sleep(time.Millisecond)
	}
	if n := raw.arrived([]sent{{mark: 5}, {mark: 6}}, now); n != 1 {
		t.Errorf("%d arrived", n)
	}
	if again := rawOf(raw); again != raw {
		t.Error("a connection is counted twice")
	}
	udp, err := Remote{Scheme: "udp", Address: c.address}.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := rawOf(udp).Conn.(*net.UDPConn); !ok {
		t.Errorf("%T", rawOf(udp).Conn)
	}
	udp.Close()
}

func option(t *testing.T, conn *net.TCPConn, level, name int) (v int) {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	failed := raw.Control(func(fd uintptr) { v, err = unix.GetsockoptInt(int(fd), level, name) })
	if err := errors.Join(failed, err); err != nil {
		t.Fatal(err)
	}
	return v
}
