package main

import (
	"context"
	"slices"
	"sync"
)

// turns are for what a client costs most by, before its login: one has its turn at a time, so that a crowd shares what one would have, and
// whoever is served meanwhile has the rest of the machine's time. The next is of those whose address has the fewest places (pending), and
// who has waited longest of these.
type turns struct {
	crowd func(*place) int

	mu      sync.Mutex
	taken   bool
	waiting []*turn
}

type turn struct {
	place *place
	// come is closed when it is.
	come chan struct{}
}

// take waits for a place's turn; the error is ctx's. A turn that was taken needs a done.
func (t *turns) take(ctx context.Context, p *place) error {
	t.mu.Lock()
	mine := &turn{p, make(chan struct{})}
	t.waiting = append(t.waiting, mine)
	if !t.taken {
		t.next()
	}
	t.mu.Unlock()
	select {
	case <-mine.come:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.waiting, mine); i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
	} else { // it has come in the same moment
		t.next()
	}
	return ctx.Err()
}

func (t *turns) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next()
}

// busy says whether somebody has the turn: then it is no time for what need not be.
func (t *turns) busy() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.taken
}

// next gives the turn to somebody, or lets it lie.
func (t *turns) next() {
	t.taken = len(t.waiting) > 0
	if !t.taken {
		return
	}
	first, least := 0, t.crowd(t.waiting[0].place)
	for i, w := range t.waiting[1:] {
		if n := t.crowd(w.place); n < least {
			first, least = i+1, n
		}
	}
	close(t.waiting[first].come)
	t.waiting = slices.Delete(t.waiting, first, first+1)
}
