package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// await returns when done says so, and asks it now and whenever the md driver has news: it wakes who polls
// /proc/mdstat (md_new_event in drivers/md/md.c). Of some things the driver has no news to tell: that a process
// closed an array's device, or that a spare was found fit before its slot counts as filled. So it asks at least
// each 20 ms, too. It is an error when 5 s did not do.
func await(what string, done func() (bool, error)) error {
	news, err := os.Open("/proc/mdstat")
	if err != nil {
		return err
	}
	defer news.Close()
	end, first := time.Now().Add(5*time.Second), make([]byte, 8)
	for {
		// Reading takes note of the news; the poll tells of what comes after.
		if _, err := news.ReadAt(first, 0); err != nil {
			return err
		}
		ok, err := done()
		if ok {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
		_, _ = unix.Poll([]unix.PollFd{{Fd: int32(news.Fd()), Events: unix.POLLPRI}}, 20) // EINTR asks once more
	}
}
