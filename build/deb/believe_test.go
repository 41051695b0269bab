package deb

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// forgetAnswers lets the next one ask apt again.
func forgetAnswers(t *testing.T, h *testHost) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(h.cache.Dir(), "entry", kindResolution)); err != nil {
		t.Fatal(err)
	}
}

// killed leaves the stamp as one leaves it who is killed between an update and the end.
func killed(t *testing.T, h *testHost) {
	t.Helper()
	is, _, err := h.stamp()
	if err != nil {
		t.Fatal(err)
	}
	is.State = "of lists before"
	if err := h.setStamp(is); err != nil {
		t.Fatal(err)
	}
}

func checkLists(t *testing.T, h *testHost, want bool) {
	t.Helper()
	if same, err := h.CheckLists(t.Context()); err != nil || same != want {
		t.Errorf("the lists are ours: %v, %v", same, err)
	}
}

// Lists that are not believed are fetched anew once, also where the mirror gives the same ones.
func TestDoubtEnds(t *testing.T) {
	r := tools(t)
	h := r.host(nil)
	want := mustResolve(t, h, "tool")
	checkLists(t, h, true)
	killed(t, h)
	checkLists(t, h, false)
	for i := range 3 {
		forgetAnswers(t, h)
		next := r.host(h.cache) // another process
		if got := mustResolve(t, next, "tool"); !slices.Equal(got, want) {
			t.Errorf("resolved %v, want %v", got, want)
		}
		if updates := slices.Contains(next.did(), "apt-get update"); updates != (i == 0) || (len(next.notes) == 1) != (i == 0) {
			t.Errorf("use %d: updates %v, notes %q", i, updates, next.notes)
		}
	}
	if state, err := h.cache.State("apt"); err != nil || isThere(filepath.Join(state, doubted)) {
		t.Errorf("what was not believed is still there: %v", err)
	}
}

// An update is written down when it is done, not when the session is.
func TestUpdateIsWrittenDownAtOnce(t *testing.T) {
	h := tools(t).host(nil)
	s, err := h.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.held.Close()
	if err := s.update(t.Context()); err != nil {
		t.Fatal(err)
	}
	is, _, err := h.stamp()
	now, sumErr := sumOfState(s.dir)
	if err != nil || sumErr != nil || is.State != now {
		t.Errorf("noted %s, the state is %s: %v, %v", is.State, now, err, sumErr)
	}
}

// Without a mirror lists that are not believed are not used, and not lost: neither to one who ends nor to one
// who is killed. What was resolved before serves.
func TestDoubtOffline(t *testing.T) {
	r := tools(t)
	h := r.host(nil)
	want := mustResolve(t, h, "tool")
	right, _, err := h.stamp()
	if err != nil {
		t.Fatal(err)
	}
	killed(t, h)
	r.offline(true)
	next := r.host(h.cache)
	if got, err := next.Resolve(t.Context(), []string{"libt"}); err == nil {
		t.Errorf("lists that are not believed gave %v", got)
	}
	next.Refresh = true
	if got := mustResolve(t, next, "tool"); !slices.Equal(got, want) {
		t.Errorf("resolved %v, want %v", got, want)
	}
	s, err := r.host(h.cache).begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.held.Close() // killed
	if err := h.setStamp(right); err != nil {
		t.Fatal(err)
	}
	forgetAnswers(t, h)
	last := r.host(h.cache)
	last.clock = last.clock.Add(time.Minute)
	if got := mustResolve(t, last, "tool"); !slices.Equal(got, want) || len(last.notes) != 0 {
		t.Errorf("resolved %v, notes %q", got, last.notes)
	}
}
