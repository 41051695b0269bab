package main

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/imgbuild/imgbuild/internal/strangers"
)

// Whose address has the fewest places is next, and who came first of these; who gives up takes nobody's turn away, not even in the
// moment that it is his.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := crowded(100, map[string]int{"192.0.2.1": 8, "192.0.2.2": 3, "192.0.2.3": 3, "192.0.2.9": 1})
		turns := &turns{crowd: p.crowd}
		of := func(a string) *place { return &place{origin: strangers.Origin(netip.MustParseAddr(a))} }
		if err := turns.take(t.Context(), of("192.0.2.1")); err != nil || !turns.busy() {
			t.Fatalf("%v; busy: %v", err, turns.busy())
		}
		var order []string
		wait := func(ctx context.Context, a string) {
			go func() {
				if err := turns.take(ctx, of(a)); err != nil {
					order = append(order, "not "+a)
					return
				}
				order = append(order, a)
				turns.done()
			}()
			synctest.Wait()
		}
		quits, quit := context.WithCancel(t.Context())
		for _, a := range []string{"192.0.2.1", "192.0.2.3", "192.0.2.2", "192.0.2.3"} {
			wait(t.Context(), a)
		}
		wait(quits, "192.0.2.9")
		quit()
		synctest.Wait()
		wait(t.Context(), "192.0.2.9")
		turns.done()
		synctest.Wait()
		want := []string{"not 192.0.2.9", "192.0.2.9", "192.0.2.3", "192.0.2.2", "192.0.2.3", "192.0.2.1"}
		if !slices.Equal(order, want) {
			t.Errorf("the turns are %q, want %q", order, want)
		}
		if turns.busy() {
			t.Error("nobody waits, and it is somebody's turn")
		}
		// It may be his turn and his end at once: whichever he hears of, the next gets it.
		for range 100 {
			if err := turns.take(t.Context(), of("192.0.2.1")); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				if err := turns.take(ctx, of("192.0.2.2")); err == nil {
					turns.done()
				} else if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}()
			synctest.Wait()
			cancel()
			turns.done()
			synctest.Wait()
			if turns.busy() {
				t.Fatal("a turn was lost")
			}
		}
	})
}
