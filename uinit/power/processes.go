package power

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// grace is how long processes may take to end by themselves.
const grace = 2 * time.Second

// Processes ends every process but PID 1 and the caller. The worker takes this step, and PID 1 where there is no worker.
func Processes() Step {
	everybody := crowd{func(s unix.Signal) error { return unix.Kill(-1, s) }, others}
	return Step{Name: "processes", Limit: 5 * time.Second, Do: func(ctx context.Context) error { return everybody.end(ctx, grace) }}
}

// crowd are processes that are to end.
type crowd struct {
	signal func(unix.Signal) error
	left   func() []string
}

// end asks by SIGTERM (and SIGHUP, which is what an interactive shell heeds; and SIGCONT, for a stopped one heeds nothing);
// what is left after grace is killed.
func (c crowd) end(ctx context.Context, grace time.Duration) error {
	for _, s := range []unix.Signal{unix.SIGTERM, unix.SIGHUP, unix.SIGCONT} {
		if err := c.signal(s); err != nil && err != unix.ESRCH {
			return fmt.Errorf("sending %v to every process: %w", s, err)
		}
	}
	soft, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if len(c.awaitNone(soft)) == 0 {
		return nil
	}
	_ = c.signal(unix.SIGKILL)
	if left := c.awaitNone(ctx); len(left) > 0 {
		return fmt.Errorf("killing every process: still there: %s", strings.Join(left, " "))
	}
	return nil
}

// awaitNone waits until nobody is left and returns those that are when ctx ends.
func (c crowd) awaitNone(ctx context.Context) []string {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		left := c.left()
		if len(left) == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return left
		}
	}
}

// others names the processes of user space that live, but for PID 1 and this one.
func others() []string {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == 1 || pid == os.Getpid() {
			continue
		}
		// The kernel's threads have no command line; neither has what is dead already.
		cmdline, err := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if err != nil || len(cmdline) == 0 {
			continue
		}
		program, _, _ := strings.Cut(string(cmdline), "\x00")
		names = append(names, e.Name()+":"+program)
	}
	return names
}
