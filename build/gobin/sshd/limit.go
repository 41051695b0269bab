package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Below a directory of control groups these hold sessions; uinit makes them and knows their limits
// (internal/cgroup). A group that is missing has those of all users.
const (
	adminGroup = "admin"
	usersGroup = "work/users"
)

// openGroup opens the control group of an account's sessions; nil where there are no groups at all.
func openGroup(dir string, a account) (*os.File, error) {
	if dir == "" {
		return nil, nil
	}
	parent := usersGroup
	if a.uid == 0 {
		parent = adminGroup
	}
	path := filepath.Join(dir, parent, strings.ReplaceAll(a.name, "/", "_"))
	if err := os.Mkdir(path, 0o755); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	group, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("limiting the session: %w", err)
	}
	return group, nil
}

// Whom the OOM killer takes first: this server last, then root's sessions, before them what strangers and
// ordinary accounts have started (proc_pid_oom_adj(5); internal/oom is uinit's side).
const (
	usual      = 0
	expendable = 1000
)

func adjustmentOf(a account) int {
	if a.uid == 0 {
		return usual
	}
	return expendable
}

// startAs starts a program that the OOM killer takes sooner than this server. It would inherit the server's
// adjustment, and so would what it starts: it stands still at its first instruction until it has its own.
func startAs(cmd *exec.Cmd, adjustment int) error {
	own, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil || strings.TrimSpace(string(own)) == strconv.Itoa(adjustment) {
		return cmd.Start()
	}
	adjust := func() {
		_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", cmd.Process.Pid), []byte(strconv.Itoa(adjustment)), 0)
	}
	// 3 keeps all from being traced (Documentation/admin-guide/LSM/Yama.rst).
	if scope, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope"); err == nil && strings.TrimSpace(string(scope)) == "3" {
		if err := cmd.Start(); err != nil {
			return err
		}
		adjust()
		return nil
	}
	// A thread is the tracer, not a process (ptrace(2)).
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	attr := syscall.SysProcAttr{}
	if cmd.SysProcAttr != nil {
		attr = *cmd.SysProcAttr
	}
	attr.Ptrace = true
	cmd.SysProcAttr = &attr
	if err := cmd.Start(); err != nil {
		return err
	}
	// Looked at and not taken: one that was killed meanwhile is Wait's.
	for unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	adjust()
	_ = unix.PtraceDetach(cmd.Process.Pid)
	return nil
}

// maxConnections is how many connections an ordinary account may have: each costs the server memory that no
// limit of the account's own covers.
const maxConnections = 32

// crowd counts the connections of each account.
type crowd struct {
	mu    sync.Mutex
	count map[string]int
}

// enter says whether an account may have one more connection, which leave ends. Root may.
func (c *crowd) enter(a account) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.uid != 0 && c.count[a.name] >= maxConnections {
		return false
	}
	if c.count == nil {
		c.count = map[string]int{}
	}
	c.count[a.name]++
	return true
}

func (c *crowd) leave(a account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count[a.name]--; c.count[a.name] == 0 {
		delete(c.count, a.name)
	}
}
