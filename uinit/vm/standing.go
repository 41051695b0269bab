package vm

import (
	"strings"
	"sync"

	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/vm/qemu"
)

// standing is where a guest stands: what its supervisor says of its QEMU and, while that runs, what QEMU says of the guest.
type standing struct {
	tell func(state string)

	mu      sync.Mutex
	service supervise.State
	guest   string // "" where it runs
}

// is is the state in a word and, where there is one, a reason after a colon.
func (s *standing) is() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state()
}

func (s *standing) state() string {
	if s.guest != "" && s.service == supervise.Running {
		return s.guest
	}
	return string(s.service)
}

// halted says that QEMU runs, and the guest in it does not.
func (s *standing) halted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state() != string(s.service)
}

// stopping says that the guest is asked to end.
func (s *standing) stopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.service == supervise.Stopping
}

// setService takes what the supervisor says. A QEMU that is new has nothing to say yet.
func (s *standing) setService(state supervise.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.service = state; state == supervise.Starting {
		s.guest = ""
	}
	s.tell(s.state())
}

// setGuest takes what QEMU says.
func (s *standing) setGuest(guest string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.guest = guest
	s.tell(s.state())
}

// paused begins the words for a guest that does not go on by itself, or only when something else has changed.
const paused = "paused: "

// halted is a guest's state in words, "" where it runs. where says of a disk what it lies on.
func halted(s qemu.State, where func(disk string) string) string {
	switch {
	case s.Running(), s.Run == "":
		return ""
	case s.Run == "suspended":
		return "suspended" // which it chose itself
	case len(s.Full) > 0:
		var places []string
		for _, disk := range s.Full {
			places = append(places, where(disk))
		}
		return paused + "no space on " + strings.Join(places, ", ")
	case len(s.Failed) > 0:
		return paused + "I/O error on disk " + strings.Join(s.Failed, ", ")
	case s.Run == "guest-panicked":
		return paused + "its kernel has panicked"
	case s.Run == "internal-error":
		return paused + "QEMU or KVM could not go on with it; only a reset helps"
	case s.Run == "paused":
		return paused + "by QEMU's monitor"
	}
	return paused + s.Run // as QEMU calls it
}
