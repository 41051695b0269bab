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

// KillAll ends every process but PID 1 and the caller: SIGTERM (and SIGHUP, which is what
// an interactive shell heeds), then after grace SIGKILL.
func KillAll(ctx context.Context, grace time.Duration) error {
	for _, s := range []unix.Signal{unix.SIGTERM, unix.SIGHUP, unix.SIGCONT} {
		if err := unix.Kill(-1, s); err != nil && err != unix.ESRCH {
			return fmt.Errorf("sending %v to every process: %w", s, err)
		}
	}
	soft, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if len(awaitNone(soft)) == 0 {
		return nil
	}
	_ = unix.Kill(-1, unix.SIGKILL)
	if left := awaitNone(ctx); len(left) > 0 {
		return fmt.Errorf("killing every process: still there: %s", strings.Join(left, " "))
	}
	return nil
}

// awaitNone waits until no other process is left and returns those that are when ctx ends.
func awaitNone(ctx context.Context) []string {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		left := others()
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
