// Package time keeps the clock: as the unit "rtc" by what the machine itself knows, as the unit "time" by time servers.
package time

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/time/clock"
	"github.com/imgbuild/imgbuild/uinit/time/plan"
)

const (
	rtcDevice = clock.Device("/dev/rtc0")
	// clockMarker outlives a worker that crashes: the next one must not step the clock again.
	clockMarker = clock.Marker("/run/uinit/time/clock-set")
)

// Linked is the feature [time].
var Linked = feature.Linked{
	Name: "time", Units: plan.Units,
	New: func(d *feature.Deps) feature.Feature {
		t := newTimekeeper(d)
		d.News.OnAddresses(t.wake)
		d.News.OnTimeServers(t.learn)
		return t
	},
}

// timeFeature sets the clock: first from what the machine itself knows, then from time servers.
type timeFeature struct {
	*feature.Deps
	// from is where the time came from before a server was heard; the units rtc and time set it, one
	// after the other.
	from clock.Origin
	// ended is closed when the last good time has been left to the next boot.
	ended chan struct{}

	mu     sync.Mutex
	byDHCP map[string][]string // time servers by the lease that names them
	syncer *clock.Syncer       // nil until sync
	last   clock.Status
	// majority is closed when the servers have agreed for the first time.
	majority chan struct{}
	agreed   sync.Once
}

func newTimekeeper(d *feature.Deps) *timeFeature {
	return &timeFeature{Deps: d, byDHCP: map[string][]string{}, majority: make(chan struct{})}
}

// Step is the work behind "rtc" and "time".
func (t *timeFeature) Step(unit string) feature.Step {
	if unit == "rtc" { // from the hardware clock, unless that can't be right
		return feature.Step{Run: func(context.Context) error { return t.begin(time.Time{}) }}
	}
	return feature.Step{Run: t.sync, Waiting: t.waiting}
}

// Stops leave the time to the next boot.
func (t *timeFeature) Stops() []feature.Stop {
	return []feature.Stop{{Phase: feature.State, Step: power.Step{Name: "time", Limit: 2 * time.Second, Do: t.end}}}
}

// begin sets the clock to what is most credible before any server was heard.
func (t *timeFeature) begin(saved time.Time) error {
	if clockMarker.Exists() {
		return nil
	}
	from, err := clock.SetInitial(clock.NewPolicy(t.Machine.Now().Time, t.Machine.Image.Built), clock.System{}, t.rtc(), saved)
	if from != clock.Kept || t.from == "" {
		t.from = from
		t.Facts.Fact(plan.From.Is(string(from)))
	}
	if from != clock.Kept {
		t.Log.Warn("the clock was wrong; it is set from: " + string(from))
	}
	return err
}

// rtc is the machine's hardware clock; nil where it has none.
func (t *timeFeature) rtc() clock.RTC {
	if _, err := os.Stat(string(rtcDevice)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return rtcDevice
}

// sync keeps the clock in step with servers for as long as the machine runs, and returns when most of
// them have agreed, or at once where none are to be asked.
func (t *timeFeature) sync(ctx context.Context) error {
	s := clock.New(t.Machine.Now().Time, t.Machine.Image.Built)
	s.RTC, s.WasSet, s.MarkSet, s.Report = t.rtc(), clockMarker.Exists(), clockMarker.Make, t.report
	var trouble error
	if dir := t.Machine.Now().Time.State; dir != "" {
		file := plan.SavedFile(dir)
		saved, err := clock.Saved(file)
		trouble = errors.Join(err, t.begin(saved), bounded.Make(dir, 0o755))
		s.Save = func(now time.Time) error { return clock.Save(file, now) }
	}
	t.mu.Lock()
	t.syncer, t.ended = s, make(chan struct{})
	s.SetServers(t.servers())
	t.mu.Unlock()
	go func() {
		defer close(t.ended)
		s.Run(t.Life)
	}()
	if len(t.Machine.Now().Time.Servers) == 0 && !t.Machine.Now().Time.DHCP {
		return trouble
	}
	select {
	case <-t.majority:
		return trouble
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// servers are the profile's and those of DHCP; mu is held.
func (t *timeFeature) servers() []spec.TimeServer {
	all := slices.Clone(t.Machine.Now().Time.Servers)
	if t.Machine.Now().Time.DHCP {
		for _, from := range graph.Names(t.byDHCP) {
			for _, address := range t.byDHCP[from] {
				all = append(all, spec.TimeServer(address))
			}
		}
	}
	return all
}

// learn takes time servers by DHCP; from is the lease that names them.
func (t *timeFeature) learn(from string, servers []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byDHCP[from] = servers
	if t.syncer != nil {
		t.syncer.SetServers(t.servers())
	}
}

// wake has the servers asked anew: the network is another one.
func (t *timeFeature) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.syncer != nil {
		t.syncer.Wake()
	}
}

// waiting says what keeps the clock from being set.
func (t *timeFeature) waiting() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.syncer != nil && len(t.servers()) == 0:
		return "DHCP has named no time server"
	case t.last.Reason == "":
		return "answers of the time servers"
	}
	return strings.Join(append([]string{t.last.Reason}, clock.Tell(t.last.Rejected)...), "; ")
}

// end waits until the last good time is where the next boot finds it; life is over then.
func (t *timeFeature) end(ctx context.Context) error {
	t.mu.Lock()
	ended := t.ended
	t.mu.Unlock()
	if ended == nil {
		return nil
	}
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
