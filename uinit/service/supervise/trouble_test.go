package supervise

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// What is wrong with a service is told when it happens, not only while somebody waits for its start.
func TestTell(t *testing.T) {
	bad, port := Exit{Code: 3}, spec.Ready{Port: 80, Timeout: spec.Duration(2 * time.Second)}
	for name, tt := range map[string]struct {
		cfg   spec.Service
		runs  []*fake
		ready time.Duration // when the sign shows
		want  []string
	}{
		"lives":                       {want: []string{"1s ok"}},
		"ends badly long after":       {cfg: spec.Service{Restart: spec.RestartNever}, runs: []*fake{{life: 7 * time.Second, exit: bad}}, want: []string{"1s ok", "7s exit status 3"}},
		"ends badly at once":          {cfg: spec.Service{Restart: spec.RestartNever}, runs: []*fake{{life: 1, exit: bad}}, want: []string{"1ns exit status 3"}},
		"ends well":                   {runs: []*fake{{life: 2 * time.Second}}, want: []string{"1s ok", "2s ok"}},
		"restarts":                    {runs: []*fake{{life: 4 * time.Second, exit: bad}, {}}, want: []string{"1s ok", "6s ok"}},
		"comes to itself":             {runs: []*fake{{life: 1, exit: bad}, {life: 1, exit: bad}, {life: 1, exit: bad}, {}}, want: []string{"3.000000003s ended 3 times in a row at once: exit status 3", "8.000000003s ok"}},
		"ready late":                  {cfg: spec.Service{Ready: port}, ready: 5 * time.Second, want: []string{"2s not ready within 2s: waiting for port 80", "5s ok"}},
		"ends when it counts as live": {cfg: spec.Service{Restart: spec.RestartNever}, runs: []*fake{{life: settle, exit: bad}}, want: []string{"1s exit status 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if tt.runs == nil {
					tt.runs = []*fake{{}}
				}
				s, tr := supervised(tt.cfg, tt.runs...)
				var told []string
				s.deps.Tell = func(trouble error) {
					text := "ok"
					if trouble != nil {
						text = trouble.Error()
					}
					told = append(told, fmt.Sprint(time.Since(tr.begin), " ", text))
				}
				s.deps.Ready = func(spec.Ready) bool { return time.Since(tr.begin) >= tt.ready }
				if _, known := s.Trouble(); known {
					t.Error("something is known of a service before its start")
				}
				_ = s.Run(t.Context())
				time.Sleep(30 * time.Second)
				synctest.Wait()
				last, known := s.Trouble()
				// The last word is the latest; a run that ends just when it counts as started may be told both ways before.
				if n := len(told) - len(tt.want); n < 0 || n > 1 || !slices.Equal(told[n:], tt.want) || !known {
					t.Errorf("told %q, want %q", told, tt.want)
				}
				if ok := tt.want[len(tt.want)-1]; (last == nil) != (ok[len(ok)-2:] == "ok") {
					t.Errorf("trouble %v", last)
				}
				_ = s.Stop(context.Background())
			})
		})
	}
}
