package update

import (
	"context"
	"errors"
	"sync"
)

// turn has one of those who fetch and write versions do so at a time: the programs beside the init have one place each, and one that starts
// there ends what still runs in it.
type turn struct {
	mu sync.Mutex
	// taken is what whoever has the turn ends with; nil: nobody has it.
	taken context.CancelCauseFunc
	// byPerson says that a person has it, and free is closed when it is given back.
	byPerson bool
	free     chan struct{}
}

var (
	// errTaken is for a second person, and for the box itself.
	errTaken = errors.New("somebody is fetching or writing a version at the moment, as \"uinitctl update\" shows; wait until that is done, or end that command by Ctrl-C")
	// errPerson is why the box leaves off.
	errPerson = errors.New("a person's command goes first")
)

// take returns a context for what is done in the turn, and what gives the turn back. A person goes before the box itself, which a slow
// server may keep busy for hours.
func (t *turn) take(ctx context.Context, person bool) (context.Context, func(), error) {
	for {
		t.mu.Lock()
		if t.taken == nil {
			break
		}
		if !person || t.byPerson {
			t.mu.Unlock()
			return nil, nil, errTaken
		}
		t.taken(errPerson)
		free := t.free
		t.mu.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
	}
	defer t.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	t.taken, t.byPerson, t.free = cancel, person, make(chan struct{})
	return ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		cancel(nil)
		t.taken = nil
		close(t.free)
	}, nil
}

// busy says whether somebody has the turn.
func (t *turn) busy() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.taken != nil
}
