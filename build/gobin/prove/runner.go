package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/report"
)

// runner runs commands that can write to no file system.
type runner struct {
	// start starts a program on the one thread that sees all mounts read-only.
	start chan func()
}

// newRunner makes a mount namespace for one thread: from there commands are started.
func newRunner() (*runner, error) {
	// What a command leaves behind becomes ours, to be ended (prctl(2)).
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("making this process the parent of what commands leave: %w", err)
	}
	r := &runner{start: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: it ends with the goroutine
		err := readOnly()
		ready <- err
		if err != nil {
			return
		}
		for f := range r.start {
			f()
		}
	}()
	if err := <-ready; err != nil {
		return nil, fmt.Errorf("making the file systems read-only for the checks' commands: %w", err)
	}
	return r, nil
}

// readOnly gives the calling thread a mount namespace in which every mount is read-only, and from which nothing gets out to other namespaces
// (mount_namespaces(7), mount_setattr(2)).
func readOnly() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	return unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
}

// run runs a command in /, without a shell, until ctx ends. It has a process group of its own, of which nothing is left.
func (r *runner) run(ctx context.Context, command []string) (report.Event, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	kill := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = kill
	cmd.WaitDelay = time.Second // for what left the group and keeps the pipes open
	var stdout, stderr head
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	started := make(chan error)
	r.start <- func() { started <- cmd.Start() }
	err := <-started
	if err == nil {
		err = cmd.Wait()
		_ = kill() // there may be nobody
	}
	if ctx.Err() != nil {
		return report.Event{}, context.Cause(ctx)
	}
	reply := report.Event{Kind: report.KindReply, State: "ok", Output: stdout.String(), Errors: stderr.String()}
	if cmd.ProcessState != nil {
		code := cmd.ProcessState.ExitCode()
		if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			code = 128 + int(ws.Signal())
		}
		reply.Exit = &code
	}
	if err != nil && !errors.As(err, new(*exec.ExitError)) && !errors.Is(err, exec.ErrWaitDelay) {
		reply.State, reply.Message = "failed", err.Error()
	}
	return reply, nil
}

// head keeps the first 64 KiB of what is written to it.
type head struct{ strings.Builder }

func (h *head) Write(p []byte) (int, error) {
	const limit = 64 << 10
	h.Builder.Write(p[:min(len(p), limit-h.Len())])
	return len(p), nil
}

// leaving bounds how long what is left is being ended.
const leaving = 2 * time.Second

// leave ends what commands left: programs that took a session of their own are children of this process by now. No command runs any more.
func (r *runner) leave() {
	for end := time.Now().Add(leaving); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		left := children()
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil) // once it is gone its own children come to us
		}
	}
}

// children are the processes whose parent this one is (proc_pid_stat(5)).
func children() (found []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, _ := os.ReadFile("/proc/" + e.Name() + "/stat")
		_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(os.Getpid()) {
			found = append(found, pid)
		}
	}
	return found
}
