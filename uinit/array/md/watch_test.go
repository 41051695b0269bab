package md

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// stream is a driver that always has news.
type stream struct{ noted, awaited int }

func (s *stream) note() error { s.noted++; return nil }

func (s *stream) await(time.Duration) error { s.awaited++; return nil }

// However much the driver tells, all arrays are not looked at more often than a person could read.
func TestNewsGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const want = 40
		ctx, cancel := context.WithTimeout(t.Context(), want*rest-rest/2)
		defer cancel()
		looks, s := 0, &stream{}
		err := watch(ctx, s, func() bool { looks++; return false })
		if !errors.Is(err, context.DeadlineExceeded) || looks != want || s.noted != want || s.awaited != want-1 {
			t.Errorf("%v: %d looks, %d times noted, %d awaited; want %d", err, looks, s.noted, s.awaited, want)
		}
	})
}
