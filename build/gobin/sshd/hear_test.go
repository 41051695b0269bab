package main

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Who speaks something else costs no process and is hung up on at once; who says the first word in pieces is served.
func TestFirstWord(t *testing.T) {
	b := newBox(t, func(s *server) { s.grace = time.Minute })
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+b.port, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).Handshake(); err == nil {
		t.Error("it speaks TLS")
	}
	await(t, "the end of a client that speaks TLS", func() bool {
		return strings.Contains(b.journal.String(), `did not log in: it speaks no SSH: its first word is "\x16\x03\x01`)
	})
	if n := len(speakersOf(t)); n != 0 {
		t.Errorf("%d processes for a client that speaks TLS", n)
	}
	s := newStranger(t, "127.0.0.1:"+b.port)
	for _, piece := range []string{"S", "SH", "-"} {
		s.write([]byte(piece))
	}
	s.write([]byte("2.0-pieces\r\n"))
	if line, err := s.in.ReadString('\n'); line != version+"\r\n" {
		t.Errorf("%q, %v", line, err)
	}
	if first := s.read(); first[0] != 20 { // SSH_MSG_KEXINIT
		t.Errorf("message %d comes first", first[0])
	}
}

// Who leaves in the middle of the first word keeps no place for the rest of his time, and has not tried to log in.
func TestHalfAWord(t *testing.T) {
	b := newBox(t, func(s *server) { s.grace = time.Minute })
	for _, leave := range []func(*net.TCPConn) error{
		(*net.TCPConn).Close,
		(*net.TCPConn).CloseWrite,
		func(c *net.TCPConn) error { return errors.Join(c.SetLinger(0), c.Close()) }, // a reset
	} {
		s := newStranger(t, "127.0.0.1:"+b.port)
		if _, err := s.in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		s.write([]byte("SSH"))
		if err := leave(s.conn.(*net.TCPConn)); err != nil {
			t.Fatal(err)
		}
		end := s.conn.LocalAddr().String() + " did not log in: EOF\n"
		await(t, "the end of a client that has left", func() bool { return strings.Contains(b.journal.String(), end) })
	}
	b.server.guard.mu.Lock()
	defer b.server.guard.mu.Unlock()
	if n := len(b.server.guard.failed); n != 0 {
		t.Errorf("%d addresses failed to log in", n)
	}
}

// Whoever says nothing in his time costs one line of the log.
func TestSilence(t *testing.T) {
	b := newBox(t, func(s *server) { s.grace = 50 * time.Millisecond })
	s := newStranger(t, "127.0.0.1:"+b.port)
	if _, err := io.Copy(io.Discard, s.in); err != nil {
		t.Fatal(err)
	}
	b.stop()
	if log := b.journal.String(); !strings.HasSuffix(log, ": i/o timeout\n") || strings.Count(log, "\n") != 1 {
		t.Errorf("the log is %q", log)
	}
}

// While somebody else's process starts, a client's own does not; and none starts for a client that has left meanwhile.
func TestStartsInTurn(t *testing.T) {
	b := newBox(t, func(s *server) { s.grace = time.Minute })
	turns := &b.server.turns
	if err := turns.take(t.Context(), &place{origin: netip.MustParsePrefix("192.0.2.1/32")}); err != nil {
		t.Fatal(err)
	}
	waiting := func(n int) {
		t.Helper()
		await(t, "clients who wait for their turn", func() bool {
			turns.mu.Lock()
			defer turns.mu.Unlock()
			return len(turns.waiting) == n
		})
	}
	stays, leaves := newStranger(t, "127.0.0.1:"+b.port), newStranger(t, "127.0.0.1:"+b.port)
	leaves.write([]byte(strangerVersion + "\r\n"))
	waiting(1)
	stays.write([]byte(strangerVersion + "\r\n"))
	waiting(2)
	if n := len(speakersOf(t)); n != 0 {
		t.Errorf("%d processes, and it is nobody's turn", n)
	}
	leaves.conn.Close()
	turns.done()
	if _, err := stays.in.ReadString('\n'); err != nil {
		t.Error(err)
	}
	if first := stays.read(); first[0] != 20 { // SSH_MSG_KEXINIT
		t.Errorf("message %d comes first", first[0])
	}
	await(t, "the end of the one that left", func() bool { return strings.Contains(b.journal.String(), "did not log in: "+io.EOF.Error()) })
	speakers := speakersOf(t)
	if len(speakers) != 1 {
		t.Fatalf("%d processes for one client", len(speakers))
	}
	// It was started behind everybody, and is served like everybody, on each of its threads.
	one, err := b.server.speakers.bear()
	if err != nil {
		t.Fatal(err)
	}
	defer one.end()
	if root() {
		has(t, strconv.Itoa(one.process.Pid), startNice)
	}
	has(t, speakers[0], 0)
}
