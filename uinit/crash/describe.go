package crash

import (
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Describe says in one line how the worker ended.
func Describe(s syscall.WaitStatus, words string) string {
	reason, _, _ := strings.Cut(strings.TrimSpace(words), "\n")
	switch {
	case reason != "":
		return reason
	case s.Signaled():
		return "killed by " + unix.SignalName(s.Signal())
	}
	return fmt.Sprintf("exit status %d", s.ExitStatus())
}
