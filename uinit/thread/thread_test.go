package thread

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What f does to its thread nobody meets afterwards, whichever thread a goroutine gets: the thread is gone, and it is never the first one.
func TestAlone(t *testing.T) {
	failed := errors.New("failed")
	for range 200 {
		thread := 0
		if err := Alone(func() error { thread = unix.Gettid(); return failed }); err != failed {
			t.Fatalf("it returns %v", err)
		}
		if thread == unix.Getpid() {
			t.Fatal("it ran on the first thread")
		}
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", thread)); err != nil {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("thread %d is still there", thread)
			}
		}
	}
}
