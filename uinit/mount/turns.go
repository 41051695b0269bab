package mount

import (
	"context"
	"sync"

	"golang.org/x/sys/unix"
)

// Turns lets one row at a time work on a device, from the look at who holds it until it is mounted: two rows may mount one
// file system in two places, and the checker of the one would find the device taken by that of the other.
type Turns struct {
	mu    sync.Mutex
	taken map[uint64]chan struct{} // by device number: names differ
}

// take waits for the turn of a device; done ends it. What is no block device has no turns.
func (t *Turns) take(ctx context.Context, device string) (done func(), err error) {
	var st unix.Stat_t
	if unix.Stat(device, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFBLK {
		return func() {}, nil
	}
	for {
		t.mu.Lock()
		before, mine := t.taken[st.Rdev], make(chan struct{})
		if before == nil {
			if t.taken == nil {
				t.taken = map[uint64]chan struct{}{}
			}
			t.taken[st.Rdev] = mine
		}
		t.mu.Unlock()
		if before == nil {
			return func() {
				t.mu.Lock()
				defer t.mu.Unlock()
				delete(t.taken, st.Rdev)
				close(mine)
			}, nil
		}
		select {
		case <-before:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
