package syslog

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A record whose writing fails was not sent, also where the server has all that was written before it.
func TestWhatFailsIsKept(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := Remote{Scheme: "tcp", Address: listener.Addr().String()}.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(server.(*net.TCPConn).SetLinger(0), server.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil { // until the reset is here
		t.Fatal("the server goes on")
	}
	s, _ := away(1<<20, nil)
	s.Add(Record{Message: "x"})
	useful, err := s.drain(t.Context(), conn)
	if waiting, _ := s.queue.counts(); waiting != 1 || useful || err == nil {
		t.Errorf("%d waiting, useful %v, %v", waiting, useful, err)
	}
}

// A disk that fails is left alone for a minute; the end does not wait for that.
func TestDiskThatFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	spool, err := OpenSpool(dir, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		size := Record{Message: "x"}.size()
		s, _ := away(10*size, spool)
		begin, told := time.Now(), []time.Duration(nil)
		s.Report = func(st Status) {
			if st.Err == nil || st.Connected {
				t.Errorf("told %+v", st)
			}
			told = append(told, time.Since(begin)/time.Second)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go s.spill(ctx)
		for range 13 { // ten seconds apart, until two minutes are over
			for range 6 {
				s.Add(Record{Message: "x"})
			}
			time.Sleep(10 * time.Second)
		}
		cancel()
		synctest.Wait()
		if want := []time.Duration{0, 60, 120}; !slices.Equal(told, want) {
			t.Errorf("told at %d s, want %d", told, want)
		}
		// The end tries once more, and says what becomes of it.
		told = nil
		for len(s.queue.crowded) > 0 { // or it may be noticed once more on the way
			<-s.queue.crowded
		}
		if s.Run(ctx); len(told) != 1 {
			t.Errorf("at the end, told at %d s", told)
		}
	})
	// One that works gets so much that memory is a quarter full, and not all.
	synctest.Test(t, func(t *testing.T) {
		if spool, err = OpenSpool(dir, 1<<20); err != nil {
			t.Fatal(err)
		}
		s, _ := away(10*Record{Message: "x"}.size(), spool)
		ctx, cancel := context.WithCancel(t.Context())
		go s.spill(ctx)
		for range 6 {
			s.Add(Record{Message: "x"})
		}
		synctest.Wait()
		if waiting, _ := s.queue.counts(); waiting != 2 {
			t.Errorf("%d wait in memory", waiting)
		}
		cancel()
	})
}

// How much goes to disk: so much that memory is a quarter full, or all; what came from there stays there.
func TestSpill(t *testing.T) {
	size := Record{Message: "x"}.size()
	for _, tt := range []struct {
		n    int
		all  bool
		left int
	}{{20, false, 10}, {11, false, 10}, {10, false, 10}, {5, false, 5}, {20, true, 0}, {0, true, 0}} {
		spool, err := OpenSpool(t.TempDir(), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		q := newQueue(40*size, spool, testFormat(limitStream).Message)
		for range tt.n {
			q.push(Record{Message: "x"})
		}
		if err := q.spill(tt.all); err != nil {
			t.Error(err)
		}
		if waiting, _ := q.counts(); waiting != tt.left || q.bytes != int64(tt.left)*size {
			t.Errorf("%+v: %d left, of %d bytes", tt, waiting, q.bytes)
		}
		kept := 0
		for _, seg := range spool.segments {
			kept += seg.count
		}
		if kept != tt.n-tt.left {
			t.Errorf("%+v: %d on disk", tt, kept)
		}
	}
	spool, err := OpenSpool(t.TempDir(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	q := newQueue(1<<20, spool, testFormat(limitStream).Message)
	take := func() item {
		t.Helper()
		i, ok := q.take()
		if !ok {
			t.Fatal("nothing to take")
		}
		return i
	}
	for _, m := range []string{"a", "b"} {
		q.push(Record{Message: m})
	}
	if err := q.spill(true); err != nil {
		t.Fatal(err)
	}
	q.push(Record{Message: "c"})
	a, b := take(), take()
	// With one segment on its way what came later may follow; with two it may not overtake.
	c := take()
	if !a.spooled || !b.spooled || c.spooled || c.record.Message != "c" {
		t.Errorf("%+v, %+v, %+v", a, b, c)
	}
	q.putBack([]item{c})
	if err := q.spill(true); err != nil { // the end: c goes to disk, a and b are there
		t.Fatal(err)
	}
	if _, ok := q.take(); ok || spool.left() != 2 || q.empty() {
		t.Errorf("%d segments; one before it is not done", spool.left())
	}
	for len(q.filled) > 0 {
		<-q.filled
	}
	q.done(a)
	if spool.left() != 2 || len(q.filled) != 0 {
		t.Error("a segment of which one is on its way is gone")
	}
	if q.done(b); spool.left() != 1 || len(q.filled) != 1 {
		t.Error("a segment that is done stays, or wakes nobody")
	}
	last := take()
	if !strings.HasSuffix(string(q.text(last)), "] c") || q.empty() {
		t.Errorf("%q", q.text(last))
	}
	if q.done(last); !q.empty() || q.bytes != 0 || spool.left() != 0 {
		t.Errorf("%d bytes, %d segments left", q.bytes, spool.left())
	}
}

// What is lost is told once a second, with the time of what follows, and counts as long as it is on its way.
func TestConfess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		size := Record{Message: "x"}.size()
		q := newQueue(size, nil, testFormat(limitStream).Message)
		for n := range 3 {
			q.push(Record{Message: "x", At: time.Duration(n)})
		}
		if q.empty() {
			t.Error("there is something to tell")
		}
		told, _ := q.take()
		if told.record.Message != "2 log records were lost before they could be sent" || told.record.At != 2 || told.record.Severity != Warning || told.record.Facility != Daemon || told.number != 4 || q.bytes != size+told.size() {
			t.Errorf("%+v, %d bytes", told, q.bytes)
		}
		q.done(told)
		for range 2 {
			q.push(Record{Message: "x"})
		}
		if i, _ := q.take(); i.record.Message != "x" {
			t.Errorf("told again at once: %+v", i)
		}
		time.Sleep(time.Second)
		if i, _ := q.take(); i.record.Message != "2 log records were lost before they could be sent" {
			t.Errorf("a second later: %+v", i)
		}
		if _, ok := q.take(); ok || !q.empty() {
			t.Error("something is left")
		}
	})
}
