package qemu

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/imgbuild/imgbuild/uinit/vm/qemu/qemutest"
)

// The state that is told is the one that QEMU is in, whatever its events say and however many they are.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, monitor := qemutest.New("running")
		g := Connect(&Opened{Monitor: monitor})
		var states []State
		var said []string
		followed := make(chan struct{})
		go func() {
			defer close(followed)
			g.Follow(func(s State) { states = append(states, s) }, func(s string) { said = append(said, s) })
		}()
		synctest.Wait()
		failed := func(action string) string {
			return fmt.Sprintf(`{"event": "BLOCK_IO_ERROR", "data": {"device": "", "node-name": "disk-root", "operation": "write", "action": %q, "nospace": true, "reason": "No space left on device"}}`, action)
		}
		blocks := `[{"io-status": "nospace", "inserted": {"node-name": "disk-root"}}, {"io-status": "failed", "inserted": {"node-name": "disk-b"}}, {"io-status": "ok", "inserted": {"node-name": "disk-c"}}, {"device": "cd"}]`
		var hundreds []string
		for range 500 {
			hundreds = append(hundreds, failed("report"))
		}
		for _, tt := range []struct {
			name   string
			change func()
			state  State
			said   []string
		}{
			{"at first", func() {}, State{Run: "running"}, nil},
			{"no space", func() { q.Turn("io-error", blocks, failed("stop"), `{"event": "STOP"}`) }, State{"io-error", []string{"root"}, []string{"b"}},
				[]string{"disk root: write: No space left on device; the guest is paused"}},
			{"it goes on", func() { q.Turn("running", "", `{"event": "RESUME"}`) }, State{Run: "running"}, nil},
			{"floods", func() { q.Turn("running", "", hundreds...) }, State{Run: "running"},
				[]string{"disk root: write: No space left on device; the guest is told", "disk root: write: No space left on device; the guest is told (256 times by now)"}},
			{"sleeps", func() { q.Turn("suspended", "", `{"event": "SUSPEND"}`) }, State{Run: "suspended"}, []string{"the guest sleeps"}},
			{"nobody's business", func() { q.Turn("running", "", `{"event": "RTC_CHANGE", "data": {"offset": 3}}`) }, State{Run: "running"}, nil},
			{"panics", func() { q.Turn("guest-panicked", "", `{"event": "GUEST_PANICKED", "data": {"action": "poweroff"}}`) }, State{Run: "guest-panicked"}, []string{"the guest's kernel has panicked"}},
		} {
			said = nil
			tt.change()
			got := []string{}
			for _, s := range said {
				if tt.name != "floods" || s == tt.said[0] || s == tt.said[1] {
					got = append(got, s)
				}
			}
			if len(states) == 0 || fmt.Sprint(states[len(states)-1]) != fmt.Sprint(tt.state) || fmt.Sprint(g.State()) != fmt.Sprint(tt.state) || !slices.Equal(got, tt.said) {
				t.Errorf("%s: %+v, said %q; want %+v, %q", tt.name, states, said, tt.state, tt.said)
			}
			if len(said) > 9 {
				t.Errorf("%s: %d sentences", tt.name, len(said))
			}
		}
		q.Hangup()
		<-followed
	})
}

// A reset of a guest that was halted has it run, and not before QEMU has done it; nobody hears of what lies between.
func TestReset(t *testing.T) {
	for status, want := range map[string][]string{
		"running":        {"system_reset"},
		"io-error":       {"system_reset", "cont"},
		"internal-error": {"system_reset", "cont"},
		"paused":         {"system_reset", "cont"},
	} {
		synctest.Test(t, func(t *testing.T) {
			q, monitor := qemutest.New(status)
			g := Connect(&Opened{Monitor: monitor})
			if err := g.Reset(); err != nil || !g.State().Running() {
				t.Errorf("%s: %v, then %+v", status, err, g.State())
			}
			if asked := q.Asked(); !slices.Equal(asked, want) {
				t.Errorf("%s: asked for %q, want %q", status, asked, want)
			}
			q.Hangup()
			if err := g.Reset(); err == nil {
				t.Error("no error from a QEMU that is gone")
			}
		})
	}
}
