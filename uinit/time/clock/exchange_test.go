package clock

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

// serve answers each question over UDP on the loopback with the packets that answer makes.
func serve(t *testing.T, answer func(cookie uint64) [][]byte) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1024)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if n != packetSize || buf[0] != 0x23 {
				t.Errorf("asked with % x", buf[:n])
				return
			}
			if !bytes.Equal(buf[1:40], make([]byte, 39)) {
				t.Error("the question tells more than it must")
			}
			for _, p := range answer(binary.BigEndian.Uint64(buf[40:])) {
				// Who has an answer ends the test, maybe before the next one.
				if _, err := conn.WriteToUDPAddrPort(p, from); err != nil && !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func TestQuery(t *testing.T) {
	// The server's clock and ours both stand still, an hour apart: what is measured is exact.
	ours := built.AddDate(0, 1, 0)
	theirs := ours.Add(time.Hour)
	good := func(cookie uint64) []byte { return reply(cookie, theirs, theirs) }
	u := UDP{Pivot: built}
	now := func() time.Time { return ours }

	for _, c := range []struct {
		name   string
		answer func(cookie uint64) [][]byte
		want   error // nil: an offset of an hour
	}{
		{"good", func(c uint64) [][]byte { return [][]byte{good(c)} }, nil},
		{"good, after forged ones", func(c uint64) [][]byte {
			return [][]byte{good(c + 1), {}, good(c)[:20], make([]byte, 1000), reply(c+1, theirs, theirs, at(1, 0)), good(c)}
		}, nil},
		{"good, after a refusal by somebody who saw the question", func(c uint64) [][]byte {
			deny := func(b []byte) { copy(b[12:], "DENY") }
			return [][]byte{reply(c, theirs, theirs, at(1, 0), deny), reply(c, theirs, theirs, at(1, 0), deny), good(c)}
		}, nil},
		{"twice", func(c uint64) [][]byte { return [][]byte{good(c), good(c)} }, nil},
		{"only forged ones", func(c uint64) [][]byte { return [][]byte{good(c + 1)} }, errStray},
		{"only noise", func(c uint64) [][]byte { return [][]byte{[]byte("HTTP/1.1 400 Bad Request\r\n")} }, errNoReply},
		{"silence", func(c uint64) [][]byte { return nil }, errSlow},
		{"no sense", func(c uint64) [][]byte { return [][]byte{reply(c, theirs.Add(time.Hour), theirs)} }, errImpossible},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr := serve(t, c.answer)
			limit := 10 * time.Second
			if c.want != nil {
				limit = 200 * time.Millisecond
			}
			ctx, cancel := context.WithTimeoutCause(t.Context(), limit, errSlow)
			defer cancel()
			s, err := u.Query(ctx, addr, now)
			switch {
			case !errors.Is(err, c.want):
				t.Errorf("got %v, want %v", err, c.want)
			case err == nil && (s.Offset != time.Hour || s.Delay != 0 || !s.Time.Equal(theirs) || s.Stratum != 2):
				t.Errorf("got %+v", s)
			}
		})
	}

	t.Run("kiss", func(t *testing.T) {
		addr := serve(t, func(c uint64) [][]byte {
			return [][]byte{reply(c, theirs, theirs, at(1, 0), func(b []byte) { copy(b[12:], "RSTR") })}
		})
		_, err := u.Query(t.Context(), addr, now)
		var kiss *KissError
		if !errors.As(err, &kiss) || !kiss.Denied() {
			t.Errorf("got %v", err)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		gone, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		addr := gone.LocalAddr().(*net.UDPAddr).AddrPort()
		gone.Close()
		ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, errSlow)
		defer cancel()
		if _, err := u.Query(ctx, addr, now); err == nil || errors.Is(err, errSlow) {
			t.Errorf("got %v, want the refusal at once", err)
		}
	})
}

// TestFleet is the story of the year 2000 over real sockets.
func TestFleet(t *testing.T) {
	truth := func(ahead time.Duration) func(uint64) [][]byte {
		return func(c uint64) [][]byte {
			when := time.Now().Add(ahead)
			return [][]byte{reply(c, when, when)}
		}
	}
	past := time.Until(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	u := UDP{Pivot: time.Now()}
	p := Policy{Configured: 5, Floor: time.Now().Add(-time.Hour), Panic: time.Hour}
	ask := func(ahead ...time.Duration) Decision {
		var samples []Sample
		for i, a := range ahead {
			s, err := u.Query(t.Context(), serve(t, truth(a)), time.Now)
			if err != nil {
				t.Fatal(err)
			}
			s.Server = string(rune('a' + i))
			samples = append(samples, s)
		}
		return Decide(p, true, samples)
	}
	if d := ask(0, past, 0, 0, 0); d.Action != Slew || len(d.Chosen) != 4 || len(d.Rejected) != 1 || d.Rejected[0].Server != "b" {
		t.Errorf("one in 2000: %+v", d)
	}
	if d := ask(past, past, past, 0, 0); d.Action != None || len(d.Rejected) != 3 {
		t.Errorf("three in 2000: %+v", d)
	}
}
