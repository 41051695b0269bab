package time

import (
	"fmt"
	"slices"
	"time"

	"github.com/imgbuild/imgbuild/uinit/time/clock"
)

// report tells what came of a round; the log hears of changes only.
func (t *timeFeature) report(st clock.Status) {
	for name, value := range st.Facts() {
		t.Facts.Fact(name, value)
	}
	t.mu.Lock()
	before := t.last
	t.last = st
	t.mu.Unlock()
	for _, err := range st.Troubles {
		t.Log.Warn(err.Error())
	}
	if st.Acted == clock.Step {
		t.Log.Info(fmt.Sprintf("the clock was stepped by %v", st.Offset.Round(time.Millisecond)))
	}
	if st.Warning != before.Warning && st.Warning != "" {
		t.Log.Warn("clock: " + st.Warning)
	}
	for _, r := range st.Rejected {
		if !slices.ContainsFunc(before.Rejected, func(old clock.Rejection) bool { return old.Server == r.Server }) {
			t.Log.Warn("time server " + r.String())
		}
	}
	if st.State != before.State && st.Reason != "" {
		t.Log.Warn("clock " + string(st.State) + ": " + st.Reason)
	}
	switch st.State {
	case clock.Synchronized:
		t.News.ClockSynced.Store(true)
		t.agreed.Do(func() { close(t.majority) })
	case clock.Panicked:
		// What was wrong by so much that nobody believes it is not a time to vouch for.
		t.News.ClockSynced.Store(false)
	}
}
