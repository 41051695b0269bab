package qemu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/imgbuild/imgbuild/internal/leash"
)

// Exit is how QEMU ended.
type Exit struct {
	// Reason is that of QEMU's SHUTDOWN event: guest-shutdown, guest-reset,
	// guest-panic, host-qmp-quit, host-signal; empty where there was none.
	Reason string
	// Status is QEMU's exit status, 128+N where signal N ended it.
	Status int
	// Killed is why it was killed: the cause of the context that bounded it, or
	// ErrKilled. nil where QEMU ended of itself.
	Killed error
	// Stderr is the end of what QEMU said.
	Stderr string
	// CPU is the processor time it used, user and system: a figure that a loaded
	// host disturbs less than Took.
	CPU time.Duration
	// Took is from its start to its end.
	Took time.Duration
}

// ErrKilled says that Kill ended QEMU.
var ErrKilled = errors.New("QEMU was killed")

// MissingError says that a program or file that QEMU needs is not there.
type MissingError struct {
	What string
	// Package is Debian's package that has it.
	Package string
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is missing: install Debian's package %s", e.What, e.Package)
}

// process is a running QEMU.
type process struct {
	cmd     *leash.Cmd
	started time.Time
	stderr  tail
	kill    context.CancelCauseFunc
	done    chan struct{} // closed when exit is set
	exit    Exit
}

// startProcess starts QEMU in a process group of its own, which is killed at the
// end of ctx or of this process, however that ends. stdio, where not nil, is its standard input and output, and closed here.
func startProcess(ctx context.Context, binary string, args []string, stdio *os.File) (*process, error) {
	path, err := Find(binary)
	if err != nil {
		return nil, err
	}
	ctx, kill := context.WithCancelCause(ctx)
	p := &process{cmd: leash.Command(ctx, syscall.SIGKILL, path, args...), kill: kill, done: make(chan struct{})}
	p.cmd.Args[0] = binary // as it was asked for, and is printed
	p.cmd.Stderr, p.cmd.Stdout = &p.stderr, &p.stderr
	if stdio != nil {
		defer stdio.Close()
		p.cmd.Stdin, p.cmd.Stdout = stdio, stdio
	}
	// A descendant that keeps stderr open must not keep Wait.
	p.cmd.WaitDelay = time.Second
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		kill(nil)
		return nil, fmt.Errorf("starting QEMU: %w", err)
	}
	go func() {
		p.wait(ctx)
		kill(nil)
	}()
	return p, nil
}

// wait fills in exit. Wait's own error says no more than the process's state does.
func (p *process) wait(ctx context.Context) {
	p.cmd.Wait()
	state := p.cmd.ProcessState
	p.exit = Exit{
		Status: state.ExitCode(),
		Stderr: p.stderr.String(),
		CPU:    state.UserTime() + state.SystemTime(),
		Took:   time.Since(p.started),
	}
	if ws := state.Sys().(syscall.WaitStatus); ws.Signaled() {
		p.exit.Status = 128 + int(ws.Signal())
		p.exit.Killed = context.Cause(ctx)
	}
	close(p.done)
}

// tail keeps the last 8 KiB written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - 8<<10; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.buf))
}

// Find returns the path of QEMU's program. The error is a *MissingError where a package has it.
func Find(binary string) (string, error) {
	path, err := exec.LookPath(binary)
	if err == nil {
		return path, nil
	}
	if strings.HasPrefix(binary, "qemu-system-") {
		return "", &MissingError{binary, "qemu-system-x86"}
	}
	return "", fmt.Errorf("starting QEMU: %w", err)
}
