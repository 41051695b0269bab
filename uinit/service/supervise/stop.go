package supervise

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// firstRealTime is SIGRTMIN as the C library has it, which keeps the kernel's first two (32) for itself (signal(7)).
const firstRealTime = unix.Signal(34)

// Stop asks the service to end and returns when it has. When it takes longer than its stop
// timeout, or ctx ends, everything it started is killed; what is stuck in the kernel even then
// is left behind, with an error that says where it is stuck.
func (s *Service) Stop(ctx context.Context) error {
	s.mu.Lock()
	if !s.isStopping() {
		close(s.stopping)
	}
	p, ended := s.process, s.ended
	if p != nil {
		s.set(Stopping)
		_ = p.Signal(SignalOf(s.cfg.StopSignal))
	}
	s.mu.Unlock()
	if ended == nil {
		s.enter(Stopped)
		return nil
	}
	limit := time.Duration(s.cfg.StopTimeout)
	select {
	case <-ended:
		return nil
	case <-time.After(limit):
	case <-ctx.Done():
	}
	if p == nil {
		return nil
	}
	s.deps.Log("%s did not end within %v (%s); killing it", s.name, limit, p.Blocked())
	p.Kill()
	select {
	case <-ended:
		return nil
	case <-time.After(time.Second):
		return fmt.Errorf("killing %s: still there: %s", s.name, p.Blocked())
	}
}

// SignalOf is a stop signal's number; SIGTERM where the profile has none.
func SignalOf(name spec.Signal) unix.Signal {
	if name == spec.HaltSystemd {
		return firstRealTime + 3
	}
	if n := unix.SignalNum("SIG" + string(name)); n != 0 {
		return n
	}
	return unix.SIGTERM
}

// State is where the service stands.
func (s *Service) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Trouble is what is wrong with the service, nil where it has started well; not known is that of one whose
// first start has not come to anything yet.
func (s *Service) Trouble() (trouble error, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble, s.told
}

// Waiting says what keeps the service from running, or what it is blocked on.
func (s *Service) Waiting() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state == Pausing:
		return fmt.Sprintf("restarted %d times, last: %v; next start in %v", s.restarts, s.last, time.Until(s.next).Round(100*time.Millisecond))
	case s.process != nil && s.unready != "":
		return strings.TrimSuffix(s.unready+"; "+s.process.Blocked(), "; ")
	case s.process != nil:
		return s.process.Blocked()
	}
	return string(s.state)
}

// Restarts is how often the service was started again.
func (s *Service) Restarts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.restarts
}
