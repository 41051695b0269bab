// Package oom orders whom the kernel ends first when memory is short (proc_pid_oom_adj(5)): people's
// programs, then services, then guests, uinit never.
//
// An adjustment is inherited. What uinit starts must not be as hard to kill as uinit is, not even for the moment
// in which it might start something itself: see Start.
package oom

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Adjustments, in thousandths of the memory that is there: so much more a process seems to use than it does
// (OOM_SCORE_ADJ_MIN and _MAX in include/uapi/linux/oom.h).
const (
	// Never is PID 1's and the worker's: the kernel panics sooner.
	Never = -1000
	// Door is that of what lets people in: gettys and the SSH server.
	Door = -900
	// Guest is a virtual machine's: its memory was promised to it, and is not what grows.
	Guest = -500
	// Usual is everybody's: services, tools, root's sessions.
	Usual = 0
	// Session is that of sessions of ordinary accounts, and of whatever else a stranger may have started.
	Session = 1000
)

// OfSession is the adjustment of an account's session.
func OfSession(uid int) int {
	if uid == 0 {
		return Usual
	}
	return Session
}

// Set gives this process an adjustment. Who is not root can only make it higher.
func Set(adjustment int) error { return write("self", adjustment) }

// SetOf gives another process an adjustment.
func SetOf(pid, adjustment int) error { return write(strconv.Itoa(pid), adjustment) }

// Start starts a program as its method Start does, under an adjustment of its own: the program stands still at its
// first instruction until it has that. The program gets none where this process has it already.
func Start(cmd *exec.Cmd, adjustment int) error {
	if own, err := read("self"); err != nil || own == adjustment {
		return cmd.Start()
	}
	if !traceable() {
		if err := cmd.Start(); err != nil {
			return err
		}
		_ = write(strconv.Itoa(cmd.Process.Pid), adjustment)
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
	pid := cmd.Process.Pid
	// Looked at and not taken: one that was killed meanwhile is Wait's.
	for unix.Waitid(unix.P_PID, pid, nil, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	_ = write(strconv.Itoa(pid), adjustment)
	_ = unix.PtraceDetach(pid)
	return nil
}

// traceable says whether processes may have themselves traced: 3 forbids it until the next boot
// (Documentation/admin-guide/LSM/Yama.rst).
func traceable() bool {
	scope, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope")
	return err != nil || strings.TrimSpace(string(scope)) != "3"
}

func read(pid string) (int, error) {
	b, err := os.ReadFile("/proc/" + pid + "/oom_score_adj")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

func write(pid string, adjustment int) error {
	return os.WriteFile("/proc/"+pid+"/oom_score_adj", []byte(strconv.Itoa(adjustment)), 0)
}
