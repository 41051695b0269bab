package main

import (
	"context"
	"errors"
	"fmt"
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
	"github.com/imgbuild/imgbuild/uinit/time/clock"
)

const (
	rtcDevice = clock.Device("/dev/rtc0")
	// clockMarker outlives a worker that crashes: the next one must not step the clock again.
	clockMarker = clock.Marker("/run/uinit/time/clock-set")
)

// timekeeper sets the clock: first from what the machine itself knows, then from time servers.
type timekeeper struct {
	*feature.Deps
	// from is where the time came from before a server was heard; the units rtc and clock set it, one
	// after the other.
	from string
	// ended is closed when the last good time has been left to the next boot.
	ended chan struct{}

	mu     sync.Mutex
	byDHCP map[string][]string // time servers by the fact that names them
	syncer *clock.Syncer       // nil until sync
	last   clock.Status
	// majority is closed when the servers have agreed for the first time.
	majority chan struct{}
	agreed   sync.Once
}

func newTimekeeper(d *feature.Deps) *timekeeper {
	return &timekeeper{Deps: d, byDHCP: map[string][]string{}, majority: make(chan struct{})}
}

// initial sets the clock from the hardware clock, unless that can't be right.
func (t *timekeeper) initial(context.Context) error { return t.begin(time.Time{}) }

// begin sets the clock to what is most credible before any server was heard.
func (t *timekeeper) begin(saved time.Time) error {
	if clockMarker.Exists() {
		return nil
	}
	from, err := clock.SetInitial(clock.NewPolicy(t.Machine.Now().Time, t.Machine.Image.Built), clock.System{}, t.rtc(), saved)
	if from != "clock" || t.from == "" {
		t.from = from
		t.Facts.Fact("clock.from", from)
	}
	if from != "clock" {
		t.Log.Warn("the clock was wrong; it is set from: " + from)
	}
	return err
}

// rtc is the machine's hardware clock; nil where it has none.
func (t *timekeeper) rtc() clock.RTC {
	if _, err := os.Stat(string(rtcDevice)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return rtcDevice
}

// sync keeps the clock in step with servers for as long as life lasts, and returns when most of
// them have agreed, or at once where none are to be asked.
func (t *timekeeper) sync(ctx, life context.Context) error {
	s := clock.New(t.Machine.Now().Time, t.Machine.Image.Built)
	s.RTC, s.WasSet, s.MarkSet, s.Report = t.rtc(), clockMarker.Exists(), clockMarker.Make, t.report
	var trouble error
	if dir := t.Machine.Now().Time.State; dir != "" {
		saved, err := clock.Saved(dir)
		trouble = errors.Join(err, t.begin(saved), bounded.Make(dir, 0o755))
		s.Save = func(now time.Time) error { return clock.Save(dir, now) }
	}
	t.mu.Lock()
	t.syncer, t.ended = s, make(chan struct{})
	s.SetServers(t.servers())
	t.mu.Unlock()
	go func() {
		defer close(t.ended)
		s.Run(life)
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
func (t *timekeeper) servers() []spec.TimeServer {
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

// link takes what a link tells: time servers by DHCP, and that it is worth asking anew.
func (t *timekeeper) link(name string, value any) {
	lease := strings.HasSuffix(name, ".dhcp4.ntp") || strings.HasSuffix(name, ".dhcp6.ntp")
	address := strings.HasSuffix(name, ".addresses")
	if !lease && !address {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	servers, _ := value.([]string)
	if lease && !slices.Equal(t.byDHCP[name], servers) {
		t.byDHCP[name] = servers
		if t.syncer != nil {
			t.syncer.SetServers(t.servers())
		}
	}
	if address && t.syncer != nil {
		t.syncer.Wake()
	}
}

// report tells what came of a round; the log hears of changes only.
func (t *timekeeper) report(st clock.Status) {
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

// waiting says what keeps the clock from being set.
func (t *timekeeper) waiting() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.syncer != nil && len(t.servers()) == 0:
		return "DHCP has named no time server"
	case t.last.Reason == "":
		return "answers of the time servers"
	}
	text := t.last.Reason
	for _, r := range t.last.Rejected {
		text += "; " + r.String()
	}
	return text
}

// end waits until the last good time is where the next boot finds it; life is over then.
func (t *timekeeper) end(ctx context.Context) error {
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
