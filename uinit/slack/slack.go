// Package slack lets uinit's own timers be late, and nobody else's.
//
// Go's runtime watches its threads with a thread that sleeps 20 µs at a time for as long as any system
// call takes; loading a driver takes thousands of these. With the kernel's usual slack of 50 µs that is
// a fifth of what a boot costs an emulated processor. Milliseconds mean nothing to uinit, but much to the
// programs that it starts, and those inherit the slack of the thread that forks (PR_SET_TIMERSLACK(2const)).
package slack

import (
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// Usual is the kernel's own (init/init_task.c).
	Usual = 50 * time.Microsecond
	// Wide is uinit's.
	Wide = 5 * time.Millisecond
)

// Start starts a program as its method Start does, with timers that are as good as usual.
func Start(cmd *exec.Cmd) (err error) {
	Fork(Usual, func() { err = cmd.Start() })
	return err
}

// Fork calls fork on a thread with a slack; what it starts there, processes as well as threads, has
// the same. Where the kernel does not know slack nothing changes.
func Fork(d time.Duration, fork func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err == nil && set(d) == nil {
		defer func() { _ = set(time.Duration(before)) }() // what could be set can be set back
	}
	fork()
}

func set(d time.Duration) error {
	return unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(d.Nanoseconds()), 0, 0, 0)
}
