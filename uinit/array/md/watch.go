package md

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Watch calls look now and whenever the driver has news (md_new_event in drivers/md/md.c wakes who
// polls /proc/mdstat), and each second while look says that something is under way.
func Watch(ctx context.Context, look func() (busy bool)) error {
	fd, err := unix.Open("/proc/mdstat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("watching arrays: %w", &os.PathError{Op: "open", Path: "/proc/mdstat", Err: err})
	}
	defer unix.Close(fd)
	return watch(ctx, mdstat(fd), look)
}

// news is where the driver tells of what happens.
type news interface {
	// note takes note of all so far.
	note() error
	// await waits for what comes after, and no longer than limit.
	await(limit time.Duration) error
}

// mdstat is /proc/mdstat, open.
type mdstat int

func (m mdstat) note() error {
	_, err := unix.Pread(int(m), make([]byte, 64), 0)
	return signalled(err)
}

func (m mdstat) await(limit time.Duration) error {
	_, err := unix.Poll([]unix.PollFd{{Fd: int32(m), Events: unix.POLLPRI}}, int(limit.Milliseconds()))
	return signalled(err)
}

// signalled leaves out that a signal came.
func signalled(err error) error {
	if err == unix.EINTR {
		return nil
	}
	return err
}

// rest is how long news gathers after a look. Many arrays that start together have some each, and each look is at all of them: it
// would take time from those that start.
const rest = 250 * time.Millisecond

func watch(ctx context.Context, n news, look func() (busy bool)) error {
	for ctx.Err() == nil {
		if err := n.note(); err != nil {
			return fmt.Errorf("watching arrays: %w", err)
		}
		busy := look()
		select {
		case <-ctx.Done():
		case <-time.After(rest):
			if err := n.await(pause(busy)); err != nil {
				return fmt.Errorf("watching arrays: %w", err)
			}
		}
	}
	return context.Cause(ctx)
}

// pause is how long a poll lasts at the most: what ends a context does not end it.
func pause(busy bool) time.Duration {
	if busy {
		return time.Second
	}
	return time.Minute
}
