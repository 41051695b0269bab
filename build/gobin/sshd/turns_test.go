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

// Of those whose address has had the fewest turns, whose address has the fewest places is next, and who came first of these; who gives up takes nobody's turn away, not even in the
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

// Who shares an address, with his own other windows or with strangers, does not wait for ever behind others who come, are served, leave
// and come again: each by an address of its own, by few or by ever new ones.
func TestTurnsComeToAll(t *testing.T) {
	for _, addresses := range []byte{2, 3, 250} {
		synctest.Test(t, func(t *testing.T) {
			places := newPending(1000, nil)
			turns := &turns{crowd: places.crowd}
			come := func(a netip.Addr) (p *place, served func() bool) {
				p, done := places.enter(a, nil), false
				go func() { done = turns.take(t.Context(), p) == nil }()
				synctest.Wait()
				return p, func() bool { synctest.Wait(); return done }
			}
			other := func(n int) *place {
				p, _ := come(netip.AddrFrom4([4]byte{198, 51, 100, byte(n) % addresses}))
				return p
			}
			window := netip.MustParseAddr("192.0.2.1")
			places.enter(window, nil)
			served := other(0)
			for window2 := range 2 { // the second one has had a turn already
				_, me := come(window)
				for n := 1; !me(); n++ {
					if n > mostInRound+1 {
						t.Fatalf("%d addresses: window %d waits, and %d turns of others have gone by", addresses, window2, n)
					}
					next := other(n) // comes while another one is served
					turns.done()
					places.leave(served)
					served = next
				}
			}
		})
	}
}

// Who has a reserved place waits for one turn at most, and whoever else waits has his in spite of it.
func TestReservedTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		places := newPending(100, []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")})
		turns := &turns{crowd: places.crowd}
		var order []string
		for _, a := range []string{"192.0.2.1", "192.0.2.2", "198.51.100.1", "198.51.100.1", "192.0.2.1"} {
			p := places.enter(netip.MustParseAddr(a), nil)
			go func() {
				if turns.take(t.Context(), p) == nil {
					order = append(order, a)
				}
			}()
			synctest.Wait()
		}
		for range 5 {
			turns.done()
			synctest.Wait()
		}
		if want := []string{"192.0.2.1", "198.51.100.1", "198.51.100.1", "192.0.2.2", "192.0.2.1"}; !slices.Equal(order, want) {
			t.Errorf("the turns are %q, want %q", order, want)
		}
	})
}
