package container

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// hookName is the program that crun starts when a container's namespaces are there and nothing runs in them yet (createRuntime of the
// OCI runtime specification), and waits for: it has the init make the interfaces.
const hookName = "container-hook"

// hook is how the init hears of one run of a container: its first process' number by a pipe, which is crun's file for that, and by a socket
// whoever waits for interfaces.
type hook struct {
	pids     *os.File
	listener net.Listener // nil: it needs none
	cancel   context.CancelFunc
	served   chan struct{} // closed when nobody makes interfaces any more

	mu     sync.Mutex
	failed error
	what   string       // what is waited for
	left   func() error // takes away what the interfaces leave on the machine's side
}

func hookSocket(dir string) string { return filepath.Join(dir, "hook") }
func pidPipe(dir string) string    { return filepath.Join(dir, "pid") }

// awaitHook is there before crun is. started is called with the number of the first process.
func (c *containers) awaitHook(one *container, started func(pid int)) (h *hook, err error) {
	for _, left := range []string{pidPipe(one.dir), hookSocket(one.dir)} { // by a worker that crashed
		if err := os.Remove(left); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	if err := unix.Mkfifo(pidPipe(one.dir), 0o600); err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	h = &hook{}
	if h.pids, err = os.OpenFile(pidPipe(one.dir), os.O_RDWR|unix.O_NONBLOCK, 0); err != nil {
		return nil, err
	}
	go func() {
		b := make([]byte, 32)
		n, err := h.pids.Read(b)
		if pid, failed := strconv.Atoi(strings.TrimSpace(string(b[:n]))); err == nil && failed == nil {
			started(pid)
		}
	}()
	if !one.networked() {
		return h, nil
	}
	if h.listener, err = net.Listen("unix", hookSocket(one.dir)); err != nil {
		h.pids.Close()
		return nil, err
	}
	var ctx context.Context
	ctx, h.cancel = context.WithCancel(c.Life)
	h.what, h.served = "crun", make(chan struct{})
	go h.serve(func(pid int) error { return c.connect(ctx, one, h, pid) })
	return h, nil
}

// serve answers the one call of crun's hook.
func (h *hook) serve(connect func(pid int) error) {
	defer close(h.served)
	conn, err := h.listener.Accept()
	if err != nil {
		return // the run is over
	}
	defer conn.Close()
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err == nil {
		h.say("its network interfaces")
		err = connect(pid)
	}
	h.say("")
	if err != nil {
		h.fail(err)
		fmt.Fprintln(conn, err)
	}
}

// close ends what goes on for the run, and takes away what is left of it.
func (h *hook) close() error {
	h.pids.Close()
	if h.listener == nil {
		return nil
	}
	h.listener.Close()
	h.cancel()
	<-h.served
	h.mu.Lock()
	left := h.left
	h.mu.Unlock()
	if left == nil {
		return nil
	}
	return left()
}

// leave notes what close has to take away.
func (h *hook) leave(left func() error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.left = left
}

func (h *hook) say(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.what = what
}

func (h *hook) waiting() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.what
}

func (h *hook) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed = err
}

// reason is why the run could not begin; nil: it could, as far as this is concerned.
func (h *hook) reason() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failed
}
