package syslog

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// collector is a server of syslog over TCP on the loopback; it can go and come back at its address.
type collector struct {
	t        *testing.T
	address  string
	listener net.Listener
	conns    chan net.Conn
	messages chan string
}

func collect(t *testing.T) *collector {
	c := &collector{t: t, address: "127.0.0.1:0", conns: make(chan net.Conn, 100), messages: make(chan string, 10000)}
	c.up()
	t.Cleanup(c.down)
	return c
}

func (c *collector) up() {
	l, err := net.Listen("tcp", c.address)
	if err != nil {
		c.t.Fatal(err)
	}
	c.listener, c.address = l, l.Addr().String()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.conns <- conn
			go c.read(conn)
		}
	}()
}

func (c *collector) read(conn net.Conn) {
	in := bufio.NewReader(conn)
	for {
		length, err := in.ReadString(' ')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSuffix(length, " "))
		if err != nil {
			c.t.Errorf("bad frame %q", length)
			return
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(in, b); err != nil {
			return
		}
		c.messages <- string(b)
	}
}

// down closes the listener and every connection.
func (c *collector) down() {
	c.listener.Close()
	for {
		select {
		case conn := <-c.conns:
			conn.Close()
		default:
			return
		}
	}
}

// next returns the text of the next message, after its header.
func next(t *testing.T, messages <-chan string) string {
	t.Helper()
	select {
	case m := <-messages:
		_, text, ok := strings.Cut(m, `"] `)
		if !ok {
			t.Errorf("no header in %q", m)
		}
		return strings.TrimPrefix(text, bom)
	case <-time.After(20 * time.Second):
		t.Fatal("no message came")
		return ""
	}
}

// bench is a running Sender.
type bench struct {
	*Sender
	statuses chan Status
	stop     func()
}

func start(t *testing.T, r Remote, limit int64, spool *Spool, change ...func(*Sender)) *bench {
	b := &bench{Sender: NewSender(limit, spool, testFormat(limitStream)), statuses: make(chan Status, 10000)}
	b.Dial, b.Stream = r.Dial, r.Stream()
	b.RetryMin, b.RetryMax = time.Millisecond, 5*time.Millisecond
	b.Report = func(s Status) { b.statuses <- s }
	for _, c := range change {
		c(b.Sender)
	}
	b.run(t)
	return b
}

func (b *bench) run(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.Run(ctx)
	}()
	b.stop = func() { cancel(); <-done }
	t.Cleanup(func() { b.stop() })
}

func (b *bench) until(t *testing.T, connected bool) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case s := <-b.statuses:
			if s.Connected == connected {
				return
			}
		case <-limit:
			t.Fatalf("never connected = %v", connected)
		}
	}
}

func (b *bench) add(from, to int) {
	for i := from; i <= to; i++ {
		b.Add(Record{Facility: Daemon, Severity: Info, Program: "probe", Message: fmt.Sprint(i)})
	}
}

func expect(t *testing.T, messages <-chan string, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		if got := next(t, messages); got != fmt.Sprint(i) {
			t.Fatalf("got %q, want %d", got, i)
		}
	}
}

func TestServerGoesAndComesBack(t *testing.T) {
	c := collect(t)
	b := start(t, Remote{Scheme: "tcp", Address: c.address}, 1<<20, nil)
	b.add(1, 100)
	expect(t, c.messages, 1, 100)
	c.down()
	b.until(t, false)
	b.add(101, 300)
	c.up()
	expect(t, c.messages, 101, 300)
	b.stop()
	if len(c.messages) != 0 || b.Lost() != 0 {
		t.Errorf("%d more messages, %d lost", len(c.messages), b.Lost())
	}
}

func TestServerThatIsNotThereYet(t *testing.T) {
	c := collect(t)
	c.down()
	b := start(t, Remote{Scheme: "tcp", Address: c.address}, 1<<20, nil)
	b.add(1, 10)
	b.until(t, false)
	c.up()
	expect(t, c.messages, 1, 10)
}

func TestOverflowIsCountedAndSaid(t *testing.T) {
	c := collect(t)
	c.down()
	record := Record{Program: "probe", Message: "1000"}.size()
	b := start(t, Remote{Scheme: "tcp", Address: c.address}, 50*record, nil)
	b.until(t, false)
	b.add(1001, 1175) // 175 records into a queue of 50
	if b.Lost() != 125 {
		t.Errorf("%d lost, want 125", b.Lost())
	}
	c.up()
	if got := next(t, c.messages); got != "125 log records were lost before they could be sent" {
		t.Errorf("got %q", got)
	}
	expect(t, c.messages, 1126, 1175)
}

func TestLevel(t *testing.T) {
	c := collect(t)
	b := start(t, Remote{Scheme: "tcp", Address: c.address}, 1<<20, nil, func(s *Sender) { s.Level = Warning })
	b.add(1, 3)
	b.Add(Record{Severity: Warning, Message: "heard"})
	if got := next(t, c.messages); got != "heard" {
		t.Errorf("got %q", got)
	}
}

func TestUDP(t *testing.T) {
	server, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	addr := server.LocalAddr().(*net.UDPAddr)
	server.Close() // away at first: the loopback answers that nobody listens
	b := start(t, Remote{Scheme: "udp", Address: addr.String()}, 1<<20, nil)
	b.add(1, 3)
	b.until(t, false)
	server, err = net.ListenUDP("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if err := server.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 2048)
	for i := 1; i <= 3; i++ {
		n, err := server.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(buf[:n]), fmt.Sprintf(`"] %d`, i)) {
			t.Fatalf("got %q, want %d", buf[:n], i)
		}
	}
}

func TestSpoolKeepsOrderAndSurvivesAReboot(t *testing.T) {
	dir := t.TempDir()
	c := collect(t)
	c.down()
	remote := Remote{Scheme: "tcp", Address: c.address}
	open := func() *Spool {
		t.Helper()
		s, err := OpenSpool(dir, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	record := Record{Program: "probe", Message: "1000"}.size()
	b := start(t, remote, 100*record, open())
	b.until(t, false)
	// Five times what memory holds, in portions that memory holds.
	for from := 1001; from < 1501; from += 20 {
		b.add(from, from+19)
		if err := b.queue.spill(false); err != nil { // Run does this by itself, sooner or later
			t.Fatal(err)
		}
	}
	b.stop() // shutdown: the rest goes to disk
	if b.Lost() != 0 {
		t.Fatalf("%d lost", b.Lost())
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < 2 {
		t.Fatalf("%d segments, %v", len(entries), err)
	}

	c.up()
	b = start(t, remote, 100*record, open())
	b.add(1501, 1510)
	expect(t, c.messages, 1001, 1510)
	b.stop()
	if entries, _ = os.ReadDir(dir); len(entries) != 0 || len(c.messages) != 0 {
		t.Errorf("%d segments and %d messages left", len(entries), len(c.messages))
	}
}

func TestStuckServerDoesNotHoldUpTheEnd(t *testing.T) {
	// A listener that nobody accepts from: the kernel takes some, then nothing.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	spool, err := OpenSpool(dir, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	b := start(t, Remote{Scheme: "tcp", Address: l.Addr().String()}, 64<<20, spool,
		func(s *Sender) { s.Flush = 50 * time.Millisecond })
	b.until(t, true)
	const n = 3000
	long := strings.Repeat("x", 8000)
	for range n {
		b.Add(Record{Program: "probe", Message: long})
	}
	begun := time.Now()
	b.stop()
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("the end took %v", took)
	}
	// What the stuck server's machine has acknowledged counts as sent; all else is on disk.
	kept := 0
	for _, seg := range spool.segments {
		kept += seg.count
	}
	if kept == 0 || b.Lost() != 0 {
		t.Errorf("%d of %d on disk, %d lost", kept, n, b.Lost())
	}
}

// Where TLS is left out nothing is sent in the clear instead.
func TestNoTLS(t *testing.T) {
	c := collect(t)
	if _, err := (Remote{Scheme: "tls", Address: c.address, CA: "/nonexistent"}).Dial(t.Context()); !errors.Is(err, ErrNoTLS) {
		t.Errorf("got %v", err)
	}
}
