package clock

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// bench runs a Syncer in a bubble of its own time, which begins in the year 2000.
type bench struct {
	*Syncer
	clock   *fakeClock
	net     *fakeNet
	mu      sync.Mutex // what passes between the bubble's goroutines
	reports []Status
	marked  int
	saves   []time.Time
	cancel  context.CancelFunc
	done    chan struct{}
}

func newBench() *bench {
	b := &bench{clock: &fakeClock{}, net: newNet(), done: make(chan struct{})}
	day := time.Now().Add(-24 * time.Hour)
	b.Syncer = New(spec.Time{PollMin: spec.Duration(64 * time.Second), PollMax: spec.Duration(256 * time.Second), Panic: spec.Duration(1000 * time.Second)}, day)
	b.Clock, b.Query, b.Resolve = b.clock, b.net.Query, b.net.Resolve
	b.MarkSet = func() error { b.marked++; return nil }
	b.Save = func(t time.Time) error { b.saves = append(b.saves, t); return nil }
	b.Report = func(s Status) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.reports = append(b.reports, s)
	}
	return b
}

func (b *bench) start(names ...spec.TimeServer) {
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	b.SetServers(names)
	go func() {
		defer close(b.done)
		b.Run(ctx)
	}()
}

func (b *bench) stop() {
	b.cancel()
	<-b.done
}

// pass lets the bubble's time run.
func pass(d time.Duration) {
	time.Sleep(d) // virtual
	synctest.Wait()
}

func (b *bench) statuses() []Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.reports)
}

func (b *bench) last() Status {
	all := b.statuses()
	if len(all) == 0 {
		return Status{}
	}
	return all[len(all)-1]
}

func TestSyncStepsOnceThenSlews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		rtc := &fakeRTC{}
		b.RTC = rtc
		b.clock.ahead = -time.Hour
		b.start(b.net.add(1, &fakeServer{}), b.net.add(2, &fakeServer{}), b.net.add(3, &fakeServer{}))
		defer b.stop()
		pass(time.Second)
		if !slices.Equal(b.clock.steps, []time.Duration{time.Hour}) || b.clock.ahead != 0 {
			t.Fatalf("steps %v, still off by %v", b.clock.steps, b.clock.ahead)
		}
		if b.marked != 1 || len(b.saves) != 1 || rtc.writes != 1 || time.Until(rtc.shows).Abs() > 2*time.Second {
			t.Errorf("marked %d, saved %d, wrote the RTC %d times (%v)", b.marked, len(b.saves), rtc.writes, rtc.shows)
		}
		if got := b.last(); got.State != Synchronized || got.Offset != time.Hour || got.Stratum != 2 ||
			!slices.Equal(got.Chosen, []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}) || len(got.Rejected) != 0 {
			t.Errorf("reported %+v", got)
		}
		// Later the same offset is slewed.
		b.clock.mu.Lock()
		b.clock.ahead = -10 * time.Second
		b.clock.mu.Unlock()
		pass(2 * time.Minute)
		if len(b.clock.steps) != 1 || b.clock.ahead != 0 {
			t.Errorf("steps %v, off by %v", b.clock.steps, b.clock.ahead)
		}
		// And a day is not believed.
		b.clock.mu.Lock()
		b.clock.ahead = 24 * time.Hour
		b.clock.mu.Unlock()
		pass(10 * time.Minute)
		if len(b.clock.steps) != 1 || b.clock.ahead != 24*time.Hour || b.last().State != Panicked {
			t.Errorf("steps %v, off by %v, state %s", b.clock.steps, b.clock.ahead, b.last().State)
		}
	})
}

func TestSyncDeadServersDoNotDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.clock.ahead = 7 * time.Hour
		b.start(b.net.add(1, &fakeServer{wait: 40 * ms}), b.net.add(2, &fakeServer{dead: true}), b.net.add(3, &fakeServer{wait: 60 * ms}),
			b.net.add(4, &fakeServer{dead: true}), b.net.add(5, &fakeServer{wait: 50 * ms}))
		defer b.stop()
		pass(100 * ms)
		if len(b.clock.steps) != 1 || b.clock.ahead != 0 {
			t.Fatalf("after 0.1 s: steps %v, off by %v", b.clock.steps, b.clock.ahead)
		}
		if len(b.statuses()) != 0 {
			t.Error("reported before every server was heard or given up")
		}
		pass(answerTimeout)
		want := []Rejection{{"192.0.2.2", "no answer within 4s"}, {"192.0.2.4", "no answer within 4s"}}
		st := b.last()
		if !slices.Equal(st.Rejected, want) || st.State != Synchronized || st.Acted != Step || st.Offset != -7*time.Hour {
			t.Errorf("got %+v", st)
		}
	})
}

func TestSyncWithoutMajorityLeavesTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.clock.ahead = time.Minute
		astray := -365 * 24 * time.Hour
		b.start(b.net.add(1, &fakeServer{}), b.net.add(2, &fakeServer{}), b.net.add(3, &fakeServer{dead: true}),
			b.net.add(4, &fakeServer{dead: true}), b.net.add(5, &fakeServer{ahead: astray}))
		pass(time.Hour)
		b.stop()
		if len(b.clock.steps) != 0 || len(b.clock.adjusted) != 0 || b.clock.ahead != time.Minute {
			t.Errorf("steps %v, adjusted %v", b.clock.steps, b.clock.adjusted)
		}
		if b.last().State != Unset || b.marked != 0 || len(b.saves) != 0 {
			t.Errorf("state %s, marked %d, saved %v", b.last().State, b.marked, b.saves)
		}
		// It backs off: 2 4 8 … 256 s between rounds of 4 s.
		if n := len(b.statuses()); n < 10 || n > 25 {
			t.Errorf("%d rounds in an hour", n)
		}
	})
}

func TestSyncAfterRestartNeverSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.WasSet = true
		b.clock.ahead = 5 * time.Minute
		b.start(b.net.add(1, &fakeServer{}))
		defer b.stop()
		pass(time.Second)
		if len(b.clock.steps) != 0 || len(b.clock.adjusted) != 1 || b.clock.adjusted[0].Offset != -5*time.Minute {
			t.Errorf("steps %v, adjusted %+v", b.clock.steps, b.clock.adjusted)
		}
		if b.last().Warning != "1 of at least 3 time servers configured" {
			t.Errorf("warning %q", b.last().Warning)
		}
	})
}

func TestSyncPollBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		s := &fakeServer{}
		b.start(b.net.add(1, s))
		pass(20 * time.Minute)
		b.stop()
		var gaps []time.Duration
		for i := 1; i < len(s.asked); i++ {
			gaps = append(gaps, s.asked[i].Sub(s.asked[i-1]))
		}
		want := []time.Duration{64 * time.Second, 128 * time.Second, 256 * time.Second, 256 * time.Second, 256 * time.Second}
		if len(gaps) < len(want) || !slices.Equal(gaps[:len(want)], want) {
			t.Errorf("pauses %v, want %v", gaps, want)
		}
		// Saved at the first success and at the end, not each time.
		if len(b.saves) != 2 {
			t.Errorf("saved %d times", len(b.saves))
		}
	})
}

func TestSyncNetworkComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		name := spec.TimeServer("ntp.example.net")
		b.start(name)
		defer b.stop()
		pass(10 * time.Minute)
		if b.last().State != Unset {
			t.Fatalf("state %s", b.last().State)
		}
		b.net.mu.Lock()
		b.net.add(1, &fakeServer{})
		b.net.names["ntp.example.net"] = []netip.Addr{netip.MustParseAddr("192.0.2.1")}
		b.net.mu.Unlock()
		b.Wake()
		pass(time.Second)
		if b.last().State != Synchronized {
			t.Errorf("a second after the network came: %+v", b.last())
		}
		// A cable that flaps asks nobody.
		rounds := len(b.statuses())
		for range 20 {
			b.Wake()
			pass(time.Second)
		}
		if len(b.statuses()) != rounds {
			t.Errorf("%d rounds for 20 wake-ups in 20 s", len(b.statuses())-rounds)
		}
	})
}

func TestSyncResolvesAgainWhenAServerFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		one, two := &fakeServer{}, &fakeServer{}
		b.net.add(1, one)
		b.net.add(2, two)
		b.net.names["pool.example.net"] = []netip.Addr{netip.MustParseAddr("192.0.2.1")}
		b.start("pool.example.net")
		defer b.stop()
		pass(time.Minute)
		b.net.mu.Lock()
		one.dead = true
		b.net.names["pool.example.net"] = []netip.Addr{netip.MustParseAddr("192.0.2.2")}
		b.net.mu.Unlock()
		pass(20 * time.Minute)
		if b.last().State != Synchronized || len(two.asked) == 0 || b.net.lookups["pool.example.net"] != 2 {
			t.Errorf("state %s, new server asked %d times, %d lookups", b.last().State, len(two.asked), b.net.lookups["pool.example.net"])
		}
		if i := slices.IndexFunc(b.statuses(), func(s Status) bool { return s.State == Holdover }); i < 0 {
			t.Error("the failed rounds were not reported as holdover")
		}
	})
}

func TestSyncOneServerHasOneVote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.clock.ahead = time.Minute
		b.net.add(1, &fakeServer{ahead: time.Hour})
		for _, name := range []string{"a.example.net", "b.example.net"} {
			b.net.names[name] = []netip.Addr{netip.MustParseAddr("192.0.2.1")}
		}
		b.start("a.example.net", "b.example.net", b.net.add(3, &fakeServer{}))
		defer b.stop()
		pass(time.Minute)
		if len(b.clock.steps) != 0 {
			t.Errorf("one server with two names moved the clock by %v", b.clock.steps)
		}
		if n := len(b.last().Rejected); n != 1 {
			t.Errorf("rejected %v", b.last().Rejected)
		}
	})
}

func TestSyncKissOfDeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		denying, busy := &fakeServer{err: &KissError{"DENY"}}, &fakeServer{err: &KissError{"RATE"}}
		b.start(b.net.add(1, denying), b.net.add(2, busy), b.net.add(3, &fakeServer{}), b.net.add(4, &fakeServer{}), b.net.add(5, &fakeServer{}))
		defer b.stop()
		pass(6 * time.Hour)
		// After one hour, then two, then four.
		if n := len(denying.asked); n != 3 {
			t.Errorf("asked %d times in six hours of DENY, want 3: %v", n, denying.asked)
		}
		for i := 1; i < len(busy.asked); i++ {
			if gap := busy.asked[i].Sub(busy.asked[i-1]); i > 1 && gap < busy.asked[i-1].Sub(busy.asked[i-2]) {
				t.Errorf("pauses get shorter after RATE: %v", busy.asked)
			}
		}
		if n := len(busy.asked); n < 3 || n > 10 {
			t.Errorf("asked %d times in spite of RATE", n)
		}
		st := b.last()
		if st.State != Synchronized || len(st.Rejected) != 2 || !strings.HasPrefix(st.Rejected[0].String(), "192.0.2.1: the server refuses us (kiss-o'-death DENY); next question in ") {
			t.Errorf("got %+v", st)
		}
	})
}

// Somebody on the way refuses in the servers' name, for a day: when he has gone they are asked again within hours, whatever he said, and an
// address that nobody refused in the name of is asked at once.
func TestSyncForgedRefusals(t *testing.T) {
	for _, code := range []string{"DENY", "RSTR", "RATE", "XXXX"} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench()
			forged := &fakeServer{err: &KissError{code}}
			other := &fakeServer{}
			b.net.add(2, other)
			b.net.names["pool.example.net"] = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}
			b.start(b.net.add(1, forged))
			defer b.stop()
			pass(24 * time.Hour)
			if n := len(forged.asked); n < 4 || n > 20 {
				t.Errorf("%s: asked %d times in a day", code, n)
			}
			b.net.mu.Lock()
			forged.err = nil
			b.net.mu.Unlock()
			pass(maxHold + 10*time.Minute)
			if b.last().State != Synchronized {
				t.Errorf("%s: hours after the last forged refusal: %+v", code, b.last())
			}
			// An answer ends it all.
			n := len(forged.asked)
			pass(2 * time.Hour)
			if len(forged.asked)-n < 10 {
				t.Errorf("%s: asked %d times in two hours of good answers", code, len(forged.asked)-n)
			}
			b.net.mu.Lock()
			forged.err = &KissError{code}
			b.net.mu.Unlock()
			b.SetServers([]spec.TimeServer{"pool.example.net"})
			pass(10 * time.Minute)
			if denied := (&KissError{code}).Denied(); denied != (len(other.asked) > 0) {
				t.Errorf("%s: the name's other address was asked %d times", code, len(other.asked))
			}
		})
	}
}

func TestSyncServersByDHCP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.start()
		defer b.stop()
		pass(time.Hour)
		if len(b.statuses()) != 1 || b.last().State != Off {
			t.Fatalf("without servers: %+v", b.statuses())
		}
		b.SetServers([]spec.TimeServer{b.net.add(1, &fakeServer{}), "192.0.2.1"})
		pass(time.Second)
		if b.last().State != Synchronized || !slices.Equal(b.last().Chosen, []string{"192.0.2.1"}) {
			t.Errorf("got %+v", b.last())
		}
		b.SetServers(nil)
		pass(time.Second)
		if b.last().State != Off {
			t.Errorf("got %+v", b.last())
		}
	})
}

func TestSyncReportsAClockThatCannotBeSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.clock.ahead, b.clock.err = time.Hour, errors.New("operation not permitted")
		b.start(b.net.add(1, &fakeServer{}))
		defer b.stop()
		pass(time.Second)
		st := b.last()
		if st.State != Unset || st.Acted != "" || len(st.Troubles) != 1 || !errors.Is(st.Troubles[0], b.clock.err) || b.marked != 0 {
			t.Errorf("got %+v, marked %d", st, b.marked)
		}
	})
}
