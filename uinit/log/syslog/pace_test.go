package syslog

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// away is a sender whose server is not there.
func away(limit int64, spool *Spool) (s *Sender, dials *[]time.Duration) {
	begin, dials := time.Now(), new([]time.Duration)
	s = NewSender(limit, spool, Format{Host: "box", Wall: func(at time.Duration) time.Time { return time.Unix(0, 0).Add(at) }})
	s.Stream = true
	s.Dial = func(context.Context) (net.Conn, error) {
		*dials = append(*dials, time.Since(begin)/time.Second)
		return nil, io.ErrUnexpectedEOF
	}
	return s, dials
}

// A server that is away is asked less and less often, down to once a minute; news of the network cut the pause short, and so does
// a connection over which something went.
func TestHowOftenItConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, dials := away(1<<20, nil)
		told := 0
		s.Report = func(st Status) {
			if told++; st.Connected || !errors.Is(st.Err, io.ErrUnexpectedEOF) || st.Waiting != 1 {
				t.Errorf("told %+v", st)
			}
		}
		s.Add(Record{Message: "x"})
		ctx, cancel := context.WithCancel(t.Context())
		go s.connect(ctx)
		time.Sleep(200 * time.Second)
		s.Wake()
		time.Sleep(45 * time.Second)
		cancel()
		synctest.Wait()
		if want := []time.Duration{0, 1, 3, 7, 15, 31, 63, 123, 183, 200}; !slices.Equal(*dials, want) || told != len(want) {
			t.Errorf("asked at %d s, told %d times; want %d", *dials, told, want)
		}
	})
	for name, tt := range map[string]struct {
		takes bool
		want  []time.Duration
	}{"takes something": {true, []time.Duration{0, 1, 3, 4, 6}}, "takes nothing": {false, []time.Duration{0, 1, 3, 7, 15}}} {
		synctest.Test(t, func(t *testing.T) {
			s, dials := away(1<<20, nil)
			refuse := s.Dial
			s.Dial = func(ctx context.Context) (net.Conn, error) {
				if _, err := refuse(ctx); len(*dials) != 3 {
					return nil, err
				}
				ours, theirs := net.Pipe()
				go func() {
					if tt.takes {
						_, _ = theirs.Read(make([]byte, 4096))
					}
					theirs.Close()
				}()
				return ours, nil
			}
			s.Add(Record{Message: "x"})
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			s.connect(ctx)
			if got := (*dials)[:min(5, len(*dials))]; !slices.Equal(got, tt.want) {
				t.Errorf("%s: asked at %d s, want %d", name, got, tt.want)
			}
		})
	}
	s, _ := away(1, nil)
	if s.Level != 7 || s.RetryMin != time.Second || s.RetryMax != time.Minute || s.Flush != 2*time.Second {
		t.Errorf("%+v", s)
	}
	if n := len(s.queue.format(Record{Message: strings.Repeat("x", 9000)}, 1)); n > limitStream || n < limitStream-10 {
		t.Errorf("messages of %d bytes", n)
	}
}

// A server that takes nothing counts as away after half a minute, and holds up the end for two seconds; what it did not take is kept.
func TestServerThatTakesNothing(t *testing.T) {
	for name, tt := range map[string]struct{ end, want time.Duration }{"for ever": {time.Hour, 30 * time.Second}, "at the end": {10 * time.Second, 12 * time.Second}, "after it": {0, 2 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			s, _ := away(1<<20, nil)
			ours, theirs := net.Pipe()
			defer theirs.Close()
			s.Add(Record{Message: "x"})
			ctx, cancel := context.WithTimeout(t.Context(), tt.end)
			defer cancel()
			if tt.end == 0 {
				cancel()
			}
			begin := time.Now()
			useful, err := s.drain(ctx, ours)
			if took := time.Since(begin); took != tt.want || err == nil {
				t.Errorf("%s: %v, %v after %v; want %v", name, useful, err, took, tt.want)
			}
			if waiting, lost := s.queue.counts(); waiting != 1 || useful || lost != 0 {
				t.Errorf("%s: %d waiting, %d lost", name, waiting, lost)
			}
		})
	}
	// One that closes is noticed although nothing is sent; one that took all is left at once when the end comes.
	synctest.Test(t, func(t *testing.T) {
		s, _ := away(1<<20, nil)
		ours, theirs := net.Pipe()
		go func() { time.Sleep(time.Minute); theirs.Close() }()
		begin := time.Now()
		if useful, err := s.drain(t.Context(), ours); useful || !errors.Is(err, errClosed) || time.Since(begin) != time.Minute {
			t.Errorf("%v, %v after %v", useful, err, time.Since(begin))
		}
		ours, theirs = net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		s.Add(Record{Message: "x"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		begin = time.Now()
		if useful, err := s.drain(ctx, ours); !useful || err != nil || time.Since(begin) != time.Hour || !s.queue.empty() {
			t.Errorf("%v, %v after %v", useful, err, time.Since(begin))
		}
		theirs.Close()
	})
}

// Over UDP a server counts as there when a second after the first datagram nobody has said that it is not.
func TestFirstDatagram(t *testing.T) {
	s, _ := away(1<<20, nil)
	s.Stream = false
	told := 0
	s.Report = func(st Status) {
		if told++; !st.Connected || st.Err != nil {
			t.Errorf("told %+v", st)
		}
	}
	now := time.Now()
	l := &link{sender: s, raw: &counted{Conn: &net.UDPConn{}}, flying: []sent{{at: now}, {at: now.Add(time.Minute)}}}
	for after, want := range []int{0, 1, 1} {
		if l.settle(now.Add(time.Duration(after) * time.Second)); told != want {
			t.Errorf("after %d s, told %d times", after, told)
		}
	}
	if l.settle(now.Add(time.Hour)); told != 1 || l.arrived != 2 || len(l.items()) != 0 {
		t.Errorf("told %d times, %d arrived", told, l.arrived)
	}
}
