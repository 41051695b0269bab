// Package supervise starts programs and keeps them running.
package supervise

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// State is where a service stands.
//
//	idle ─▶ starting ─▶ running ─▶ exited | failed     (the policy says: not again)
//	            ▲          │ │
//	            └─ pausing ◀┘ └─▶ stopping ─▶ stopped
type State string

// States of a service.
const (
	Idle     State = "idle"
	Starting State = "starting"
	Running  State = "running"
	Pausing  State = "pausing"
	Exited   State = "exited"
	Failed   State = "failed"
	Stopping State = "stopping"
	Stopped  State = "stopped"
)

const (
	// settle is how long a service must live to count as started. Nothing better is known of a
	// program that does not say when it is ready, and most that fail do so at once.
	settle = time.Second
	// strikes is how many runs in a row may end before that until the start counts as failed.
	strikes = 3
)

// Process is a running service.
type Process interface {
	// Wait returns when the process itself has ended.
	Wait() Exit
	// Signal goes to the process' group.
	Signal(syscall.Signal) error
	// Kill ends the process and whatever it started.
	Kill()
	// Blocked says what the process waits for, for people.
	Blocked() string
}

// Deps is what a service needs of the machine.
type Deps struct {
	Start func(name string, cfg spec.Service) (Process, error)
	Log   func(format string, args ...any)
	Fact  func(fact.Fact)
	// As are the facts that the service is told by.
	As Facts
	// Ready says whether a service, as a fresh start makes it, shows the sign.
	Ready func(spec.Ready) bool
	// Sign, where given, names what Ready looks for in a service whose row gives no sign.
	Sign string
	// Tell, where given, hears what is wrong with the service each time that this is known anew: nil when
	// a start of it has succeeded, else why none does, or why it has ended for good. It must not block.
	Tell func(trouble error)
}

// Facts are what is told of a service: its State, how its program ended last, and how often it was started again.
type Facts struct {
	State, Exit fact.One[string]
	Restarts    fact.One[int]
}

// Service supervises one program.
type Service struct {
	name string
	cfg  spec.Service
	deps Deps

	// mu is held around Start, so that Stop never misses a process that is being born.
	mu       sync.Mutex
	state    State
	process  Process
	stopping chan struct{} // closed by Stop
	ended    chan struct{} // closed when supervision is over; nil before Run
	restarts int
	last     Exit
	next     time.Time
	unready  string // the sign that a running service still owes
	trouble  error  // what Tell was told last, if told
	told     bool
}

// StateError says that a service was left alone, for its state does not allow what was asked.
type StateError struct {
	Name  string
	State State
}

// Refused marks a request that changed nothing (feature.Refused).
func (e *StateError) Refused() {}

func (e *StateError) Error() string { return fmt.Sprintf("starting %s: it is %s", e.Name, e.State) }

// New makes a service ready to be started.
func New(name string, cfg spec.Service, deps Deps) *Service {
	return &Service{name: name, cfg: cfg, deps: deps, state: Idle, stopping: make(chan struct{})}
}

// Run starts the service and returns when it has lived for a second, or has ended well and
// is not to run again; supervision goes on by itself. The error says that it ended three times in
// a row at once, or ended badly and is not to run again; a *StateError, that it was started before.
func (s *Service) Run(ctx context.Context) error {
	started := make(chan error, 1)
	s.mu.Lock()
	if s.ended != nil || s.isStopping() {
		defer s.mu.Unlock()
		return &StateError{s.name, s.state}
	}
	s.ended = make(chan struct{})
	s.mu.Unlock()
	go s.supervise(started)
	select {
	case err := <-started:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// supervise runs the program again and again, until the policy or Stop ends it.
func (s *Service) supervise(started chan<- error) {
	defer close(s.ended)
	limit := restartLimit{most: s.cfg.RestartLimit, window: time.Duration(s.cfg.RestartWindow)}
	pause := Backoff{Min: time.Duration(s.cfg.RestartDelay), Max: time.Duration(s.cfg.RestartMax)}
	answer := func(err error) {
		select {
		case started <- err:
		default: // Run has its answer
		}
	}
	say := func(err error) {
		s.mu.Lock()
		s.tell(err)
		s.mu.Unlock()
		answer(err)
	}
	for quick := 0; ; {
		start := time.Now()
		exit := s.once(answer)
		ran := time.Since(start)
		switch {
		case s.isStopping():
			s.enter(Stopped)
			answer(fmt.Errorf("starting %s: stopped", s.name))
			return
		case !again(s.cfg.Restart, exit) && exit.Success():
			s.enter(Exited)
			say(nil)
			return
		case !again(s.cfg.Restart, exit):
			s.enter(Failed)
			s.deps.Log("%s ended: %v", s.name, exit)
			say(fmt.Errorf("%v", exit))
			return
		}
		if quick++; ran >= settle {
			quick = 0
		}
		if quick == strikes {
			say(fmt.Errorf("ended %d times in a row at once: %v", strikes, exit))
		}
		if limit.reached(time.Now()) {
			err := fmt.Errorf("restarted %d times within %v, last: %v", limit.most, limit.window, exit)
			s.enter(Failed)
			s.deps.Log("%s has failed for good: %v", s.name, err)
			say(err)
			return
		}
		wait := pause.Next(ran)
		s.deps.Log("%s ended after %v: %v; starting it again in %v", s.name, ran.Round(time.Millisecond), exit, wait)
		s.await(wait)
	}
}

// tell notes and passes on what is wrong with the service; mu is held, so that the last word is the latest.
func (s *Service) tell(trouble error) {
	s.told, s.trouble = true, trouble
	if s.deps.Tell != nil {
		s.deps.Tell(trouble)
	}
}

// tellOf tells how a run of the service does, unless that run is over: how it ended is told by then.
func (s *Service) tellOf(p Process, trouble error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != p {
		return false
	}
	s.tell(trouble)
	return true
}

// once runs the program to its end.
func (s *Service) once(answer func(error)) Exit {
	s.mu.Lock()
	if s.isStopping() {
		s.mu.Unlock()
		return Exit{}
	}
	s.set(Starting)
	p, err := s.deps.Start(s.name, s.cfg)
	if err != nil {
		exit := s.end(Exit{Err: err})
		s.mu.Unlock()
		return exit
	}
	s.process = p
	s.set(Running)
	s.mu.Unlock()

	over := make(chan struct{})
	go s.awaitReady(over, func(trouble error) {
		if s.tellOf(p, trouble) {
			answer(trouble)
		}
	})
	exit := p.Wait()
	close(over)
	p.Kill() // children that it left behind hold its ports and files

	s.mu.Lock()
	defer s.mu.Unlock()
	s.process, s.unready = nil, ""
	return s.end(exit)
}

// end notes how a run ended; mu is held.
func (s *Service) end(e Exit) Exit {
	s.last = e
	s.deps.Fact(s.deps.As.Exit.Is(e.String()))
	return e
}

// await pauses before the next start.
func (s *Service) await(d time.Duration) {
	s.mu.Lock()
	s.next = time.Now().Add(d)
	s.set(Pausing)
	s.mu.Unlock()
	select {
	case <-time.After(d):
	case <-s.stopping:
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restarts++
	s.deps.Fact(s.deps.As.Restarts.Is(s.restarts))
}

func (s *Service) enter(state State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(state)
}

// set changes the state; mu is held.
func (s *Service) set(state State) {
	s.state = state
	s.deps.Fact(s.deps.As.State.Is(string(state)))
}

func (s *Service) isStopping() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}
