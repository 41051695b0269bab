package power

import (
	"context"
	"fmt"
	"time"
)

// Step is a part of shutting down.
type Step struct {
	Name string
	// Limit is how long the step may take; then the next one begins, whatever this one does.
	Limit time.Duration
	Do    func(context.Context) error
}

// Run takes the steps in order. None can stop the machine from going down: an error, a panic or
// a passed limit is reported and left behind.
func Run(ctx context.Context, steps []Step, report func(name string, took time.Duration, err error)) {
	for _, s := range steps {
		start := time.Now()
		err := s.run(ctx)
		report(s.Name, time.Since(start), err)
	}
}

func (s Step) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.Limit)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				done <- fmt.Errorf("panic: %v", v)
			}
		}()
		done <- s.Do(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	// One that keeps to its context deserves the moment to say what it waited for.
	select {
	case err := <-done:
		return err
	case <-time.After(100 * time.Millisecond):
		return fmt.Errorf("not done within %v", s.Limit)
	}
}

// Budget is how long the steps may take in all.
func Budget(steps []Step) time.Duration {
	var sum time.Duration
	for _, s := range steps {
		sum += s.Limit + 100*time.Millisecond
	}
	return sum
}
