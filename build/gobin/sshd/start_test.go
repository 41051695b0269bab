package main

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// A process that does not start costs its client the time to log in, which is not held against it, and nobody else the turn.
func TestStartThatHangs(t *testing.T) {
	b := newBox(t, func(s *server) { s.grace = 2 * time.Second })
	c := hangs(t)
	b.server.speakers.mu.Lock()
	b.server.speakers.spare = c
	b.server.speakers.mu.Unlock()
	s := newStranger(t, "127.0.0.1:"+b.port)
	s.write([]byte(strangerVersion + "\r\n"))
	if _, err := io.Copy(io.Discard, s.in); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Fatal(err)
	}
	await(t, "a reason", func() bool {
		return strings.Contains(b.journal.String(), " did not log in: its process did not start in time\n")
	})
	b.server.guard.mu.Lock()
	n := len(b.server.guard.failed)
	b.server.guard.mu.Unlock()
	if n != 0 {
		t.Errorf("%d addresses failed to log in", n)
	}
	next, err := b.client("127.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	next.Close()
}

// hangs is a speaker that does nothing.
func hangs(t *testing.T) *child {
	t.Helper()
	ours, theirs, err := newLink()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	says, errs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer errs.Close()
	p, err := os.StartProcess("/bin/sleep", []string{"sleep", "60"}, &os.ProcAttr{Files: []*os.File{nil, nil, errs, theirs}})
	if err != nil {
		t.Fatal(err)
	}
	c := &child{process: p, link: ours, gone: make(chan struct{})}
	go c.attend(says)
	t.Cleanup(c.end)
	return c
}
