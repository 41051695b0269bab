// Package thread runs what changes its thread for good: namespaces, a root, whom it traces.
package thread

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Alone runs f on a thread that ends with it, and returns what it does. Programs that f starts begin with what the thread has by then.
func Alone(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The first thread cannot end, and what the kernel says of a process is of its first thread. While it waits here the
			// next goroutine gets another.
			defer runtime.UnlockOSThread()
			done <- Alone(f)
			return
		}
		done <- f() // never unlocked: the thread ends with the goroutine, and nobody else meets what it has
	}()
	return <-done
}
