package update

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

// A person goes before the box itself, and after another person.
func TestTurn(t *testing.T) {
	var turns turn
	box, done, err := turns.take(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := turns.take(t.Context(), false); !errors.Is(err, errTaken) {
		t.Errorf("the box twice: %v", err)
	}
	ended := make(chan error, 1)
	go func() {
		defer done()
		<-box.Done()
		ended <- context.Cause(box)
	}()
	_, done, err = turns.take(t.Context(), true)
	if err != nil || !errors.Is(<-ended, errPerson) {
		t.Fatalf("a person after the box: %v", err)
	}
	for _, person := range []bool{true, false} {
		if _, _, err := turns.take(t.Context(), person); !errors.Is(err, errTaken) {
			t.Errorf("after a person: %v", err)
		}
	}
	done()
	_, done, err = turns.take(t.Context(), false)
	if err != nil {
		t.Fatalf("once it is given back: %v", err)
	}
	defer done()
	gone, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, _, err := turns.take(gone, true); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a person who leaves: %v", err)
	}
}

// stuck is a source that says nothing, until whoever asks it gives up.
type stuck struct {
	origin
	asked chan struct{}
}

func (s *stuck) read(ctx context.Context, _, _ int64, _ io.Writer) error {
	close(s.asked)
	<-ctx.Done()
	return context.Cause(ctx)
}

// Two versions at once: what one person writes no other command spoils.
func TestTwoAtOnce(t *testing.T) {
	b := newBox(t)
	ctx, done, err := b.turn.take(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	source, looked := &stuck{asked: make(chan struct{})}, make(chan error, 1)
	go func() {
		defer done()
		_, err := b.look(ctx, source)
		looked <- err
	}()
	<-source.asked
	if err := b.give(t, newer(t)); !errors.Is(err, errTaken) {
		t.Errorf("a second command: %v", err)
	}
	select {
	case err := <-looked:
		t.Errorf("the first one ends: %v", err)
	default:
	}
}
