package time

import (
	"fmt"
	"slices"
	"time"

	"github.com/imgbuild/imgbuild/uinit/time/clock"
	"github.com/imgbuild/imgbuild/uinit/time/plan"
)

// tell says how the clock stands; what most servers say of it, after a round in which most agreed.
func (t *timeFeature) tell(st clock.Status) {
	var rejected []string
	for _, r := range st.Rejected {
		rejected = append(rejected, r.String())
	}
	t.Facts.Fact(plan.State.Is(string(st.State)))
	t.Facts.Fact(plan.Rejected.Is(rejected))
	if len(st.Chosen) > 0 {
		t.Facts.Fact(plan.Offset.Is(st.Offset.Seconds()))
		t.Facts.Fact(plan.Stratum.Is(st.Stratum))
		t.Facts.Fact(plan.Chosen.Is(st.Chosen))
	}
}

// report tells what came of a round; the log hears of changes only.
func (t *timeFeature) report(st clock.Status) {
	t.tell(st)
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
	news := slices.DeleteFunc(slices.Clone(st.Rejected), func(r clock.Rejection) bool {
		return slices.ContainsFunc(before.Rejected, func(old clock.Rejection) bool { return old.Server == r.Server })
	})
	for _, text := range clock.Tell(news) {
		t.Log.Warn("time servers: " + text)
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
