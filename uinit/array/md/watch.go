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
	return watch(ctx, fd, look)
}

// watch is Watch of an open file.
func watch(ctx context.Context, fd int, look func() (busy bool)) error {
	buf := make([]byte, 64)
	for ctx.Err() == nil {
		// Reading takes note of the news; a poll tells of what comes after.
		if _, err := unix.Pread(fd, buf, 0); err != nil && err != unix.EINTR {
			return fmt.Errorf("watching arrays: %w", err)
		}
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLPRI}}
		if _, err := unix.Poll(fds, int(pause(look()).Milliseconds())); err != nil && err != unix.EINTR {
			return fmt.Errorf("watching arrays: %w", err)
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
