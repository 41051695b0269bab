package array

import "sync"

// shared lets all who want to know the same thing at one time have one answer: looking at all disks takes its time, and each row
// asks whenever one comes up.
type shared[T any] struct {
	mu sync.Mutex
	// last was asked for last; waits says that its work has not begun, so that who asks now gets the same answer.
	last  *answer[T]
	waits bool
}

type answer[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// ask returns the answer of work that began after it was asked, and that is done by one at a time. It is the same for others, and
// nobody may change it.
func (s *shared[T]) ask(work func() (T, error)) (T, error) {
	s.mu.Lock()
	if a := s.last; s.waits {
		s.mu.Unlock()
		<-a.done
		return a.value, a.err
	}
	before, a := s.last, &answer[T]{done: make(chan struct{})}
	s.last, s.waits = a, true
	s.mu.Unlock()
	defer close(a.done)
	if before != nil {
		<-before.done
	}
	s.mu.Lock()
	s.waits = false
	s.mu.Unlock()
	a.value, a.err = work()
	return a.value, a.err
}
