package lan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
)

// kernel plugs this machine's own TCP in, with 192.0.2.1 and 2001:db8::1, and returns its hardware address.
func kernel(t *testing.T, s *Segment) net.HardwareAddr {
	t.Helper()
	tap := &netlink.Tuntap{LinkAttrs: netlink.LinkAttrs{Name: "far"}, Mode: netlink.TUNTAP_MODE_TAP, Flags: netlink.TUNTAP_NO_PI, Queues: 1, NonPersist: true}
	if err := netlink.LinkAdd(tap); err != nil {
		t.Skipf("no tap here: %v", err)
	}
	for _, a := range []string{"192.0.2.1/24", "2001:db8::1/64"} {
		address, err := netlink.ParseAddr(a)
		if err != nil {
			t.Fatal(err)
		}
		address.Flags = unix.IFA_F_NODAD
		if err := netlink.AddrAdd(tap, address); err != nil {
			t.Fatal(err)
		}
	}
	// Without ::1 package net takes this for a machine that has one family alone.
	loopback, err := netlink.LinkByName("lo")
	if err := errors.Join(err, netlink.LinkSetUp(loopback), netlink.LinkSetUp(tap)); err != nil {
		t.Fatal(err)
	}
	file := tap.Fds[0]
	t.Cleanup(func() { file.Close() })
	p := s.plug(func(frame []byte) { _, _ = file.Write(frame) })
	go func() {
		for b := make([]byte, 2048); ; {
			n, err := file.Read(b)
			if err != nil {
				return
			}
			s.forward(p, b[:n])
		}
	}()
	link, err := netlink.LinkByName("far")
	if err != nil {
		t.Fatal(err)
	}
	return link.Attrs().HardwareAddr
}

// echo says what it hears, so much of it, and closes. It returns its port.
func echo(t *testing.T, at netip.Addr, most int64) netip.AddrPort {
	t.Helper()
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(at, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, io.LimitReader(conn, most))
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// A server of the kernel's has many connections at once, of both families and from several addresses: what is said arrives whole, and so
// do the answer and its end.
func TestDial(t *testing.T) {
	if !nettest.Within(t, time.Minute, syscall.CLONE_NEWUSER) {
		return
	}
	s := NewSegment()
	defer s.Close()
	kernel(t, s)
	h := s.Host(2, netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3"), netip.MustParseAddr("2001:db8::2"))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	const each, long = 30, 5*mss + 1
	four, six := echo(t, netip.MustParseAddr("192.0.2.1"), long), echo(t, netip.MustParseAddr("2001:db8::1"), long)
	var all, open sync.WaitGroup
	open.Add(3 * each)
	for _, from := range h.addresses[:3] {
		to := four
		if from.Is6() {
			to = six
		}
		for n := range each {
			all.Go(func() {
				conn, err := h.Dial(ctx, from, to)
				open.Done()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				open.Wait() // all of them stand before any says a word
				text := bytes.Repeat(fmt.Appendf(nil, "%v %d ", from, n), long)[:long]
				if _, err := conn.Write(text); err != nil {
					t.Error(err)
				}
				if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, text) {
					t.Errorf("from %v: %d octets of %d come back, %v", from, len(got), len(text), err)
				}
			})
		}
		if _, err := h.Dial(ctx, from, netip.AddrPortFrom(to.Addr(), 1)); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("a port without a server: %v", err)
		}
	}
	all.Wait()
}

// Who closes is done at once, at both sides: the port is free, and what comes later is answered by a reset.
func TestHangUp(t *testing.T) {
	if !nettest.Within(t, time.Minute, syscall.CLONE_NEWUSER) {
		return
	}
	s := NewSegment()
	defer s.Close()
	kernel(t, s)
	h := s.Host(2, netip.MustParseAddr("192.0.2.2"))
	l, err := net.Listen("tcp", "192.0.2.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	near, err := h.Dial(ctx, h.addresses[0], l.Addr().(*net.TCPAddr).AddrPort())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	near.Close()
	if n, err := far.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the other side reads %d octets, %v", n, err)
	}
	for err == nil {
		_, err = far.Write([]byte{0})
	}
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("the other side's words end with %v", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.streams) != 0 {
		t.Errorf("%d streams are left", len(h.streams))
	}
}
