package journal

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
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

// What is said goes into the ring as it is; what the kernel gives back of it does not go there twice.
func TestWhatTheRingHears(t *testing.T) {
	uptime := func() time.Duration {
		text, err := os.ReadFile("/proc/uptime")
		if err != nil {
			t.Fatal(err)
		}
		s, err := strconv.ParseFloat(strings.Fields(string(text))[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(s * float64(time.Second))
	}
	r, before := NewRing(1<<20), uptime()
	r.Say("probe", "hello")
	after := uptime() + 20*time.Millisecond // of which the file shows hundredths
	r.heard(Record{Facility: Echo, Message: "hello"})
	r.heard(Record{Facility: Daemon, Message: "from there"})
	records, _ := r.Since(0)
	if len(records) != 2 || records[1].Message != "from there" {
		t.Fatalf("%+v", records)
	}
	if got := records[0]; got.At < before || got.At > after || got.Program != "probe" || got.Message != "hello" || got.Facility != Daemon || got.Severity != Info {
		t.Errorf("%+v, between %v and %v", got, before, after)
	}
	file := filepath.Join(t.TempDir(), "kmsg")
	if err := os.WriteFile(file, []byte("6,1,2,-;one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := ReadKernel(t.Context(), file, func(Record) { n++ }); err != nil || n != 1 {
		t.Errorf("%d records, %v", n, err)
	}
	if err := ReadKernel(t.Context(), filepath.Dir(file), func(Record) {}); err == nil {
		t.Error("a folder is no log")
	}
	plain, with := Record{Program: "p", Message: "message"}, Record{Program: "p", Message: "message", Data: Element{ID: "x", Params: []Param{{"name", "value"}, {"n", "v"}}}}
	if plain.size() != 104 || with.size() != 104+32+9+32+2 {
		t.Errorf("%d and %d bytes", plain.size(), with.size())
	}
}
