package console

import (
	"context"
	"sync"
)

// terminals are those in use, by the menu or by a login.
type terminals struct {
	mu   sync.Mutex
	used map[string]chan struct{} // closed when free again
}

// try takes a terminal that nobody uses.
func (t *terminals) try(name string) (leave func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.used[name] != nil {
		return nil, false
	}
	if t.used == nil {
		t.used = map[string]chan struct{}{}
	}
	free := make(chan struct{})
	t.used[name] = free
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.used, name)
		close(free)
	}, true
}

// take waits until nobody uses a terminal.
func (t *terminals) take(ctx context.Context, name string) (leave func(), err error) {
	for {
		if leave, ok := t.try(name); ok {
			return leave, nil
		}
		t.mu.Lock()
		free := t.used[name]
		t.mu.Unlock()
		if free == nil {
			continue
		}
		select {
		case <-free:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
