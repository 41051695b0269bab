package clock

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// More than half of the servers there should be must agree, however many of them answer: two of four are none.
func TestMajorities(t *testing.T) {
	at := func(n int, ahead time.Duration) (all []Sample) {
		for i := range n {
			all = append(all, from(string(rune('a'+i))+ahead.String(), ahead))
		}
		return all
	}
	for _, tt := range []struct {
		configured int
		samples    []Sample
		want       Action
		reason     string
	}{
		{4, at(2, time.Hour), None, "2 of 4 servers agree; 3 are needed"}, {4, slices.Concat(at(2, time.Hour), at(2, 0)), None, "0 of 4 servers agree; 3 are needed"},
		{4, slices.Concat(at(2, time.Hour), at(1, 0), at(1, time.Minute)), None, "0 of 4 servers agree; 3 are needed"}, {4, slices.Concat(at(3, time.Hour), at(1, 0)), Step, ""}, {4, at(3, time.Hour), Step, ""},
		{2, at(1, 0), None, "1 of 2 servers agree; 2 are needed"}, {2, at(2, 0), Slew, ""}, {3, at(2, 0), Slew, ""}, {5, at(2, 0), None, "2 of 5 servers agree; 3 are needed"}, {5, at(3, 0), Slew, ""}, {1, at(1, 0), Slew, ""}, {0, nil, None, "0 of 0 servers agree; 1 are needed"},
	} {
		d := Decide(Policy{Configured: tt.configured}, true, tt.samples)
		if d.Action != tt.want || d.Reason != tt.reason || (d.Action == None) != (len(d.Chosen) == 0) {
			t.Errorf("%d of %d: %+v", len(tt.samples), tt.configured, d)
		}
	}
}

func TestDecisionEdges(t *testing.T) {
	for _, tt := range []struct {
		offset time.Duration
		first  bool
		want   Action
		panics bool
	}{
		{128 * ms, true, Slew, false}, {128*ms + 1, true, Step, false}, {-128*ms - 1, true, Step, false}, {128*ms + 1, false, Slew, false}, {1000 * time.Second, false, Slew, false},
		{1000*time.Second + 1, false, None, true}, {-1000*time.Second - 1, false, None, true}, {1e6 * time.Second, true, Step, false},
	} {
		d := Decide(Policy{Configured: 1, Panic: 1000 * time.Second}, tt.first, []Sample{from("a", tt.offset)})
		if d.Action != tt.want || d.Panicked != tt.panics || d.Offset != tt.offset || d.Uncertainty != 10*ms {
			t.Errorf("%v, first %v: %+v", tt.offset, tt.first, d)
		}
	}
	if d := Decide(Policy{Configured: 1}, false, []Sample{from("a", time.Hour)}); d.Panicked {
		t.Error("it panics without a limit")
	}
	for _, tt := range []struct {
		change func(*Sample)
		ok     bool
	}{
		{func(s *Sample) { s.Stratum = 0 }, false}, {func(s *Sample) { s.Stratum = 1 }, true}, {func(s *Sample) { s.Stratum = 15 }, true}, {func(s *Sample) { s.Stratum = 16 }, false},
		{func(s *Sample) { s.RootDispersion = 1490 * ms }, true}, {func(s *Sample) { s.RootDispersion = 1490*ms + 1 }, false}, {func(s *Sample) { s.Leap = LeapUnsync }, false}, {func(s *Sample) { s.Leap = LeapDelete }, true},
		{func(s *Sample) { s.Time = built }, true}, {func(s *Sample) { s.Time = built.Add(-1) }, false}, {func(s *Sample) { s.Time = built.AddDate(30, 0, 0) }, true}, {func(s *Sample) { s.Time = built.AddDate(30, 0, 0).Add(1) }, false},
	} {
		s := from("a", 0, tt.change)
		if got := unfit(Policy{Floor: built, Ceiling: built.AddDate(30, 0, 0)}, s); (got == "") != tt.ok {
			t.Errorf("%+v: %q", s, got)
		}
	}
	for _, tt := range []struct {
		s    Sample
		want time.Duration
	}{{Sample{}, 5 * ms}, {Sample{Delay: 10 * ms}, 5 * ms}, {Sample{Delay: 10 * ms, RootDelay: 2 * ms}, 6 * ms}, {Sample{Delay: 10 * ms, RootDelay: 2 * ms, RootDispersion: 3 * ms}, 9 * ms}} {
		if got := tt.s.Distance(); got != tt.want {
			t.Errorf("%+v is off by %v at most, want %v", tt.s, got, tt.want)
		}
	}
	leaps := func(l ...Leap) (all []Sample) {
		for _, leap := range l {
			all = append(all, Sample{Leap: leap})
		}
		return all
	}
	for _, tt := range []struct {
		samples []Sample
		want    Leap
	}{{leaps(LeapInsert, LeapNone), LeapNone}, {leaps(LeapInsert, LeapInsert, LeapNone), LeapInsert}, {leaps(LeapDelete), LeapDelete}, {leaps(LeapDelete, LeapInsert), LeapNone}, {nil, LeapNone}} {
		if got := leapOf(tt.samples); got != tt.want {
			t.Errorf("%+v: %v", tt.samples, got)
		}
	}
}

// What adjtimex(2) is told.
func TestCallsToTheKernel(t *testing.T) {
	for by, want := range map[time.Duration][2]int64{1500 * ms: {1, 5e8}, -1500 * ms: {-2, 5e8}, time.Second: {1, 0}, -time.Second: {-1, 0}, 0: {0, 0}, -1: {-1, 999999999}} {
		calls := stepping(by)
		if len(calls) != 2 || calls[0].Modes != unix.ADJ_OFFSET_SINGLESHOT || calls[0].Offset != 0 || calls[1].Modes != unix.ADJ_SETOFFSET|unix.ADJ_NANO || calls[1].Time.Sec != want[0] || calls[1].Time.Usec != want[1] {
			t.Errorf("%v: %+v", by, calls)
		}
	}
	usual := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
	last := time.Date(2026, 6, 30, 23, 59, 59, 0, time.UTC)
	const state = unix.ADJ_STATUS | unix.ADJ_NANO | unix.ADJ_MAXERROR | unix.ADJ_ESTERROR
	for name, tt := range map[string]struct {
		a    Adjustment
		now  time.Time
		want []unix.Timex
	}{
		"small": {Adjustment{Offset: -128 * ms, Uncertainty: 5 * ms, Poll: 64 * time.Second}, usual, []unix.Timex{{Modes: unix.ADJ_OFFSET_SINGLESHOT},
			{Modes: state | unix.ADJ_OFFSET | unix.ADJ_TIMECONST, Status: unix.STA_PLL, Maxerror: 133000, Esterror: 5000, Offset: -128e6, Constant: 2}}},
		"large": {Adjustment{Offset: 128*ms + 1000, Uncertainty: 5 * ms, Poll: 64 * time.Second, KeepRTC: true}, usual, []unix.Timex{
			{Modes: state | unix.ADJ_OFFSET, Status: unix.STA_PLL | unix.STA_UNSYNC, Maxerror: 133001, Esterror: 5000}, {Modes: unix.ADJ_OFFSET_SINGLESHOT, Offset: 128001}}},
		"as far as may be": {Adjustment{Offset: time.Hour}, usual, []unix.Timex{{Modes: state | unix.ADJ_OFFSET, Status: unix.STA_PLL, Maxerror: 15000000}, {Modes: unix.ADJ_OFFSET_SINGLESHOT, Offset: 3600e6}}},
		"a leap second":    {Adjustment{Leap: LeapInsert, Poll: 2048 * time.Second}, last, []unix.Timex{{Modes: unix.ADJ_OFFSET_SINGLESHOT}, {Modes: state | unix.ADJ_OFFSET | unix.ADJ_TIMECONST, Status: unix.STA_PLL | unix.STA_INS, Constant: 7}}},
		"one less":         {Adjustment{Leap: LeapDelete}, last, []unix.Timex{{Modes: unix.ADJ_OFFSET_SINGLESHOT}, {Modes: state | unix.ADJ_OFFSET | unix.ADJ_TIMECONST, Status: unix.STA_PLL | unix.STA_DEL}}},
		"not yet":          {Adjustment{Leap: LeapInsert}, last.Add(-24 * time.Hour), []unix.Timex{{Modes: unix.ADJ_OFFSET_SINGLESHOT}, {Modes: state | unix.ADJ_OFFSET | unix.ADJ_TIMECONST, Status: unix.STA_PLL}}},
	} {
		if got := slewing(tt.a, tt.now); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %+v\nwant %+v", name, got, tt.want)
		}
	}
	for poll, want := range map[time.Duration]int64{0: 0, 31 * time.Second: 0, 32 * time.Second: 1, 63 * time.Second: 1, 1024 * time.Second: 6} {
		if got := timeConstant(poll); got != want {
			t.Errorf("a poll of %v has the constant %d, want %d", poll, got, want)
		}
	}
	for _, d := range []Device{"/dev/null", "/dev/no-such-clock"} {
		if _, err := d.Read(); err == nil {
			t.Errorf("%s shows a time", d)
		}
		if err := d.Write(usual); err == nil || d == "/dev/null" && !strings.Contains(err.Error(), "RTC_SET_TIME") {
			t.Errorf("%s was set: %v", d, err)
		}
	}
	if err := adjust([]unix.Timex{{Modes: 1 << 15}}); err == nil { // a mode of the kernel's own
		t.Error("a call that is refused is no error")
	}
}

func TestPollEdges(t *testing.T) {
	const shortest, longest = 64 * time.Second, 1024 * time.Second
	for _, tt := range []struct {
		last time.Duration
		d    Decision
		want time.Duration
	}{
		{256 * time.Second, Decision{Action: Slew, Offset: 10 * ms}, 256 * time.Second}, {256 * time.Second, Decision{Action: Slew, Offset: 10*ms - 1}, 512 * time.Second},
		{256 * time.Second, Decision{Action: Slew, Offset: 128 * ms}, 256 * time.Second}, {256 * time.Second, Decision{Action: Slew, Offset: 128*ms + 1}, shortest},
		{2000 * time.Second, Decision{Action: Slew, Offset: 20 * ms}, longest}, {time.Second, Decision{Action: Slew, Offset: 20 * ms}, shortest},
	} {
		if got := nextPoll(tt.last, tt.d, true, shortest, longest); got != tt.want {
			t.Errorf("after %v and %+v: %v, want %v", tt.last, tt.d, got, tt.want)
		}
	}
}
