package main

import (
	"context"
	"time"
)

const (
	// usualAlive is how often a client that says nothing is asked whether it is there; maxSilent
	// questions without an answer are its end.
	usualAlive = 15 * time.Second
	maxSilent  = 3
)

// watch ends a connection whose client has vanished without a word, as when a cable is pulled.
func (s *speaker) watch(ctx context.Context) {
	every := s.alive
	if every == 0 {
		every = usualAlive
	}
	for {
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return
		}
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			// Clients answer that they don't know this; that they answer is the point.
			_, _, _ = s.conn.SendRequest("keepalive@openssh.com", true, nil)
		}()
		select {
		case <-answered:
		case <-ctx.Done():
			return
		case <-time.After(maxSilent * every):
			_ = s.leave(farewell{Why: "does not answer any more"})
			s.conn.Close()
			return
		}
	}
}
