package supervise

import "context"

// Again starts a service that is over: stopped, exited, or failed. One that was never started, it starts
// for the first time. It returns as Run does, and with a *StateError where the service is not over.
func (s *Service) Again(ctx context.Context) error {
	s.mu.Lock()
	if ctx.Err() != nil { // the machine goes down, and Stop may have been here already
		defer s.mu.Unlock()
		return context.Cause(ctx)
	}
	if s.ended != nil {
		select {
		case <-s.ended:
		default:
			defer s.mu.Unlock()
			return &StateError{s.name, s.state}
		}
	}
	s.ended, s.stopping = nil, make(chan struct{})
	s.told, s.trouble = false, nil
	s.mu.Unlock()
	return s.Run(ctx)
}
