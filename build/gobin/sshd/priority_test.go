package main

import (
	"net"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// A thread that was just being made when its process got the usual priority has the one of before, until its client is in.
func TestNoThreadStaysBehind(t *testing.T) {
	if !root() {
		t.Skip("only root can raise a priority")
	}
	b := newBox(t, func(s *server) { s.grace = time.Minute })
	var pid string
	c, err := b.clientOf("127.0.0.2", func(string, net.Addr, ssh.PublicKey) error {
		pid = speakersOf(t)[0]
		n, err := strconv.Atoi(pid)
		if err != nil {
			return err
		}
		return unix.Setpriority(unix.PRIO_PROCESS, n, startNice) // its first thread's alone
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	session, err := c.NewSession() // the monitor is through with the login when it hands one over
	if err != nil {
		t.Fatal(err)
	}
	session.Close()
	has(t, pid, 0)
}

// has looks at the priority (nice(2)) of all threads of a process.
func has(t *testing.T, pid string, nice int) {
	t.Helper()
	tasks, err := filepath.Glob("/proc/" + pid + "/task/*")
	if err != nil || len(tasks) == 0 {
		t.Fatalf("process %s: %v", pid, err)
	}
	for _, task := range tasks {
		id, _ := strconv.Atoi(filepath.Base(task))
		// The call returns 20 less the nice value (getpriority(2)).
		if got, err := unix.Getpriority(unix.PRIO_PROCESS, id); err != nil || 20-got != nice {
			t.Errorf("thread %d has priority %d, want %d; %v", id, 20-got, nice, err)
		}
	}
}
