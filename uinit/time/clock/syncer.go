// Package clock sets the machine's clock from time servers: SNTP (RFC 4330) with the server
// selection of NTP (RFC 5905), because a single wrong server must never move the clock.
//
// The clock is stepped at most once after the machine started and slewed from then on, also
// after uinit itself was restarted. Devices and files used: the kernel's clock by
// adjtimex(2), /dev/rtc0, a marker in /run, and the last good time where the profile has
// a place for it.
package clock

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Clock is the clock that is set; see System.
type Clock interface {
	// Now is its time.
	Now() time.Time
	// Step moves it at once.
	Step(by time.Duration) error
	// Adjust slews it and tells the kernel how good it is.
	Adjust(Adjustment) error
}

// Adjustment is what the kernel is told after a round.
type Adjustment struct {
	// Offset is to be slewed away.
	Offset time.Duration
	// Uncertainty is how far the clock may still be off then.
	Uncertainty time.Duration
	// Poll is the time to the next adjustment.
	Poll time.Duration
	// Leap says whether the current month ends with a leap second.
	Leap Leap
	// KeepRTC keeps the kernel from writing the hardware clock.
	KeepRTC bool
}

// Syncer keeps a clock in step with servers. All fields up to Report are set before Run.
type Syncer struct {
	Policy           Policy
	PollMin, PollMax time.Duration
	KeepRTC          bool
	Clock            Clock
	// RTC is written after a step and at the end; nil where there is none.
	RTC RTC
	// Query asks one server once; see UDP. now is the clock's time.
	Query func(ctx context.Context, addr netip.AddrPort, now func() time.Time) (Sample, error)
	// Resolve finds a name's addresses, such as net.Resolver.LookupNetIP.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// WasSet says that an earlier Syncer has set the clock since the machine started;
	// MarkSet is called when this one has. See Marker.
	WasSet  bool
	MarkSet func() error
	// Save keeps a good time for the next boot, at most once an hour and at the end; may be nil.
	Save func(time.Time) error
	// Report is called from Run after each round.
	Report func(Status)

	set     bool // may no longer be stepped
	synced  bool // this Syncer has had a majority
	poll    time.Duration
	asked   time.Time // start of the last round
	saved   time.Time // when Save was called last
	servers []*server
	claims  claims

	mu   sync.Mutex
	want []spec.TimeServer
	wake chan struct{} // made by wakeup
}

// saveEvery spares the medium that holds the last good time.
const saveEvery = time.Hour

// SetServers replaces the servers, at any time, and starts a round. Names given twice count once.
func (s *Syncer) SetServers(names []spec.TimeServer) {
	s.mu.Lock()
	s.want = slices.Compact(slices.Sorted(slices.Values(names)))
	s.mu.Unlock()
	s.Wake()
}

// Wake starts a round soon: the network has come up, say.
func (s *Syncer) Wake() {
	select {
	case s.wakeup() <- struct{}{}:
	default:
	}
}

func (s *Syncer) wakeup() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wake == nil {
		s.wake = make(chan struct{}, 1)
	}
	return s.wake
}

// Run works until ctx ends. Troubles are part of what it reports; it never gives up.
func (s *Syncer) Run(ctx context.Context) {
	s.set = s.WasSet
	timer := time.NewTimer(s.PollMax)
	defer timer.Stop()
	s.Wake()
	for {
		select {
		case <-timer.C:
		case <-s.wakeup():
			if wait := s.tooSoon(); wait > 0 {
				if !s.synced {
					timer.Reset(wait)
				}
				continue
			}
			timer.Stop()
			if !s.synced {
				s.poll = 0
			}
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			s.end()
			return
		}
		s.adopt()
		s.asked = time.Now()
		if len(s.servers) == 0 {
			s.Report(Status{State: Off})
			continue // until there are servers; only a wake-up gets here again
		}
		timer.Reset(s.once(ctx))
	}
}

// tooSoon is how long a wake-up should be put off: a cable that flaps must not turn into a
// flood of questions. A synchronized clock needs no round out of turn at all.
func (s *Syncer) tooSoon() time.Duration {
	if s.asked.IsZero() || s.changed() {
		return 0
	}
	gap := retryFirst
	if s.synced {
		gap = s.PollMin
	}
	return gap - time.Since(s.asked)
}

func (s *Syncer) changed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !slices.EqualFunc(s.want, s.servers, func(name spec.TimeServer, sv *server) bool { return string(name) == sv.name })
}

// adopt takes over a changed list of servers and keeps what is known of those that stay.
func (s *Syncer) adopt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := map[string]*server{}
	for _, sv := range s.servers {
		known[sv.name] = sv
	}
	s.servers = nil
	s.claims.owner = map[netip.AddrPort]string{}
	for _, name := range s.want {
		sv := known[string(name)]
		if sv == nil {
			sv = newServer(name)
		}
		s.servers = append(s.servers, sv)
		if sv.addr.IsValid() {
			s.claims.owner[sv.addr] = sv.name
		}
	}
}

// once does one round and returns the pause before the next.
func (s *Syncer) once(ctx context.Context) time.Duration {
	st := Status{}
	d := s.round(ctx, func(d Decision) {
		s.poll = nextPoll(s.poll, d, true, s.PollMin, s.PollMax)
		if err := s.apply(d); err != nil {
			st.Troubles = append(st.Troubles, err)
			return
		}
		st.Acted = d.Action
		s.set, s.synced = true, true
		st.Troubles = append(st.Troubles, s.keep(d)...)
	})
	if ctx.Err() != nil {
		return 0
	}
	if st.Acted == "" {
		s.poll = nextPoll(s.poll, Decision{Action: None}, s.synced, s.PollMin, s.PollMax)
	}
	st.Decision, st.Poll, st.State = d, s.poll, s.state(st.Acted, d)
	if n := len(s.servers); n < wanted {
		st.Warning = fmt.Sprintf("%d of at least %d time servers configured", n, wanted)
	}
	s.Report(st)
	return s.poll
}
