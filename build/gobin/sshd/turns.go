package main

import (
	"context"
	"net/netip"
	"slices"
	"sync"
)

// turns are for what a client costs most by, before its login: one has its turn at a time, so that a crowd shares what one would have, and
// whoever is served meanwhile has the rest of the machine's time. They go in rounds, in each of which an address has one at most, so that
// nobody waits for ever behind others who come again and again; the next of a round is of those whose address has the fewest places
// (pending), and who has waited longest of these. Who has a reserved place comes first.
type turns struct {
	// crowd is how many places the address of one has, 0 for a reserved one.
	crowd func(*place) int

	mu      sync.Mutex
	taken   bool
	waiting []*turn
	// round is the present one, in which these addresses have had their turn.
	round int
	had   map[netip.Prefix]bool
}

const (
	// mostInRound is how many addresses have had their turn in a round when nobody else joins it.
	mostInRound = 64
	// ofReserved is the round of all who have reserved places.
	ofReserved = -1
)

type turn struct {
	place *place
	round int
	// come is closed when it is.
	come chan struct{}
}

// take waits for a place's turn; the error is ctx's. A turn that was taken needs a done.
func (t *turns) take(ctx context.Context, p *place) error {
	t.mu.Lock()
	mine := &turn{p, t.roundOf(p), make(chan struct{})}
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
	first := slices.MinFunc(t.waiting, func(a, b *turn) int {
		if a.round != b.round {
			return a.round - b.round
		}
		return t.crowd(a.place) - t.crowd(b.place)
	})
	if first.round > t.round || t.had == nil {
		t.round, t.had = first.round, map[netip.Prefix]bool{}
	}
	if first.round != ofReserved {
		t.had[first.place.origin] = true
	}
	close(first.come)
	t.waiting = slices.DeleteFunc(t.waiting, func(w *turn) bool { return w == first })
}

// roundOf is the first one in which an address has no turn yet.
func (t *turns) roundOf(p *place) int {
	if t.crowd(p) == 0 {
		return ofReserved
	}
	next := t.round
	if t.had[p.origin] || len(t.had) >= mostInRound {
		next++
	}
	for _, w := range t.waiting {
		if w.place.origin == p.origin {
			next = max(next, w.round+1)
		}
	}
	return next
}
