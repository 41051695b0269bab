package deb

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestOfflineWithWarmCache(t *testing.T) {
	r := tools(t)
	h := r.host(nil)
	pkgs := mustResolve(t, h, "tool")
	if err := h.Fetch(t.Context(), pkgs); err != nil {
		t.Fatal(err)
	}
	r.offline(true)

	h.clock = h.clock.Add(48 * time.Hour)
	h.asked, h.refreshed = false, false // another day, another process
	if got := mustResolve(t, h, "tool"); !slices.Equal(got, pkgs) {
		t.Errorf("resolved %v offline, %v before", got, pkgs)
	}
	if len(h.notes) != 1 || !slices.Contains(h.did(), "apt-get update") {
		t.Errorf("notes %q", h.notes)
	}
	if got := versions(mustResolve(t, h, "libt")); !slices.Equal(got, []string{"libt=1:2.0-1", "loader=3"}) {
		t.Errorf("resolved %v from old lists", got)
	}
	if did := h.did(); slices.Contains(did, "apt-get update") {
		t.Error("a mirror that just did not answer was asked again")
	}
	for _, p := range pkgs {
		if _, err := h.Unpack(t.Context(), p); err != nil {
			t.Error(err)
		}
	}

	h.clock = h.clock.Add(time.Hour)
	r.offline(false)
	mustResolve(t, h, "tool")
	if !slices.Contains(h.did(), "apt-get update") {
		t.Error("the mirror is back, but was not asked")
	}
}

// Who wants the mirror asked again hears once that it does not answer, however much there is to resolve.
func TestRefreshOffline(t *testing.T) {
	r := tools(t)
	h := r.host(nil)
	pkgs := mustResolve(t, h, "tool")
	r.offline(true)
	again := r.host(h.cache) // another process
	again.Refresh = true
	if got := mustResolve(t, again, "tool"); !slices.Equal(got, pkgs) {
		t.Errorf("resolved %v offline, %v before", got, pkgs)
	}
	mustResolve(t, again, "libt")
	asked := 0
	for _, did := range again.did() {
		if did == "apt-get update" {
			asked++
		}
	}
	if asked != 1 || len(again.notes) != 1 {
		t.Errorf("the mirror was asked %d times; notes %q", asked, again.notes)
	}
}

func TestOfflineWithNothing(t *testing.T) {
	r := tools(t)
	r.offline(true)
	h := r.host(nil)
	_, err := h.Resolve(t.Context(), []string{"tool"})
	var failed *commandError
	var none *NoPackageError
	if !errors.As(err, &failed) || errors.As(err, &none) {
		t.Errorf("error %v", err)
	}
}
