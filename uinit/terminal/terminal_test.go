package terminal

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTerminal(t *testing.T) {
	terminal := &Terminal{}
	l, err := terminal.Listen(filepath.Join(t.TempDir(), "run", "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	socket := l.(net.Listener).Addr().String()
	attach := func() net.Conn {
		c, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		return c
	}
	gone := func(guest io.Closer, attached chan struct{}) {
		guest.Close()
		<-attached
	}
	for run := range 2 { // the second run of the guest has the same console
		ours, guest := net.Pipe()
		attached := make(chan struct{})
		go func() {
			defer close(attached)
			terminal.Attach(ours)
		}()
		if _, err := guest.Write([]byte("boot ")); err != nil {
			t.Fatal(err)
		}
		first, second := attach(), attach()
		for _, c := range []net.Conn{first, second} {
			if err := expect(c, "boot "); err != nil {
				t.Errorf("run %d: %v", run, err)
			}
		}
		if _, err := first.Write([]byte("ls\r")); err != nil {
			t.Fatal(err)
		}
		typed := make([]byte, 3)
		if _, err := io.ReadFull(guest, typed); err != nil || string(typed) != "ls\r" {
			t.Errorf("run %d: the guest hears %q, %v", run, typed, err)
		}
		if _, err := guest.Write([]byte("file")); err != nil {
			t.Fatal(err)
		}
		if err := expect(second, "file"); err != nil {
			t.Errorf("run %d: %v", run, err)
		}
		first.Close()
		second.Close()
		gone(guest, attached)
	}
	// What was said long ago is forgotten; the latest is kept.
	terminal.say(bytes.Repeat([]byte("x"), 3*scrollback))
	terminal.say([]byte("end"))
	if n := len(terminal.kept); n != scrollback || !bytes.HasSuffix(terminal.kept, []byte("xend")) {
		t.Errorf("%d bytes are kept, with the end %q", n, terminal.kept[n-4:])
	}
	// A client that reads nothing is sent away, and the guest goes on.
	idle := attach()
	if err := expect(idle, "xend"); err != nil {
		t.Error(err)
	}
	for range 4096 {
		terminal.say(bytes.Repeat([]byte("y"), 4096))
	}
	terminal.mu.Lock()
	defer terminal.mu.Unlock()
	if len(terminal.clients) != 0 {
		t.Error("a client that reads nothing is still there")
	}
	idle.Close()
}

// expect reads until a text comes.
func expect(r io.Reader, text string) error {
	var seen []byte
	b := make([]byte, 4096)
	for !strings.Contains(string(seen), text) {
		n, err := r.Read(b)
		seen = append(seen, b[:n]...)
		if err != nil {
			return fmt.Errorf("waiting for %q: %w; saw %q", text, err, seen)
		}
	}
	return nil
}
