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
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		looks, s := 0, &stream{}
		err := watch(ctx, s, func() bool { looks++; return false })
		if most := int(10 * time.Second / rest); !errors.Is(err, context.DeadlineExceeded) || looks > most || looks < most-1 || s.noted != looks || s.awaited > looks {
			t.Errorf("%v: %d looks, %d times noted; want %d", err, looks, s.noted, most)
		}
	})
}
