// Package slack starts programs without what uinit has for itself: timers that may be late, and the OOM killer's mercy.
//
// Go's runtime watches its threads with a thread that sleeps 20 µs at a time for as long as any system
// call takes; loading a driver takes thousands of these. With the kernel's usual slack of 50 µs that is
// a fifth of what a boot costs an emulated processor. Milliseconds mean nothing to uinit, but much to the
// programs that it starts, and those inherit the slack of the thread that forks (PR_SET_TIMERSLACK(2const)). Mercy
// would be inherited as well (package oom).
package slack

import (
	"bytes"
	"errors"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/oom"
)

const (
	// Usual is the kernel's own (init/init_task.c).
	Usual = 50 * time.Microsecond
	// Wide is uinit's.
	Wide = 5 * time.Millisecond
)

// Start starts a program as its method Start does, with timers that are as good as usual and no mercy.
func Start(cmd *exec.Cmd) error { return StartAs(cmd, oom.Usual) }

// StartAs is Start for a program that the OOM killer is to take sooner or later than others (package oom).
func StartAs(cmd *exec.Cmd, adjustment int) (err error) {
	Fork(Usual, func() { err = oom.Start(cmd, adjustment) })
	return err
}

// Output runs a program that Start starts, as its method Output does.
func Output(cmd *exec.Cmd) ([]byte, error) {
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := Run(cmd)
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		failed.Stderr = said.Bytes()
	}
	return out.Bytes(), err
}

// CombinedOutput runs a program that Start starts, as its method CombinedOutput does.
func CombinedOutput(cmd *exec.Cmd) ([]byte, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := Run(cmd)
	return out.Bytes(), err
}

// Run starts a program as Start does, and waits for its end.
func Run(cmd *exec.Cmd) error {
	if err := Start(cmd); err != nil {
		return err
	}
	return cmd.Wait()
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
