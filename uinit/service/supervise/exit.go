package supervise

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// Exit is how a run of a service ended.
type Exit struct {
	Code   int
	Signal syscall.Signal
	// Err is why it could not be started at all.
	Err error
}

// Success says that it ended by itself with status 0.
func (e Exit) Success() bool { return e.Err == nil && e.Signal == 0 && e.Code == 0 }

func (e Exit) String() string {
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.Signal != 0:
		return "killed by " + unix.SignalName(e.Signal)
	}
	return fmt.Sprintf("exit status %d", e.Code)
}
