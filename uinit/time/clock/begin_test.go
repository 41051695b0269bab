package clock

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestBegin(t *testing.T) {
	p := Policy{Floor: built, Ceiling: built.AddDate(30, 0, 0)}
	good, later := built.AddDate(1, 0, 0), built.AddDate(1, 1, 0)
	var none time.Time
	in1970, in2090 := time.Unix(5, 0), built.AddDate(64, 0, 0)
	for _, c := range []struct {
		name            string
		now, rtc, saved time.Time
		want            time.Time
		from            Origin
	}{
		{"all is well", good, good, none, good, "clock"},
		{"driver of the RTC came late", in1970, good, none, good, "rtc"},
		{"no RTC", in1970, none, none, built, "floor"},
		{"no RTC, but a saved time", in1970, none, good, good, "saved"},
		{"RTC in 2000", in1970, time.Unix(946684800, 0), none, built, "floor"},
		{"RTC in 2090, and the kernel took it", in2090, in2090, none, built, "floor"},
		{"RTC in 2090, saved time", in2090, in2090, good, good, "saved"},
		{"RTC stood still since", good, good, later, later, "saved"},
		{"RTC is ahead of the saved time", later, later, good, later, "clock"},
		{"saved time in 2090", good, good, in2090, good, "clock"},
		{"saved time before the build", in1970, none, in1970, built, "floor"},
	} {
		if got, from := Begin(p, c.now, c.rtc, c.saved); !got.Equal(c.want) || from != c.from {
			t.Errorf("%s: got %v from %s, want %v from %s", c.name, got, from, c.want, c.from)
		}
	}
	if got, from := Begin(Policy{}, in1970, none, none); !got.Equal(in1970) || from != "clock" {
		t.Errorf("without a build time: got %v from %s", got, from)
	}
}

func TestSetInitial(t *testing.T) {
	p := NewPolicy(timeSpec, built)
	good := built.AddDate(1, 0, 0)
	c := &fakeClock{ahead: time.Until(time.Unix(5, 0))}
	if from, err := SetInitial(p, c, &fakeRTC{shows: good}, time.Time{}); err != nil || from != "rtc" || c.Now().Sub(good).Abs() > time.Minute {
		t.Errorf("got %v from %s, %v", c.Now(), from, err)
	}
	// A hardware clock that can't be read is no reason to stay in 1970.
	c = &fakeClock{ahead: time.Until(time.Unix(5, 0))}
	broken := errors.New("no such device")
	if from, err := SetInitial(p, c, &fakeRTC{err: broken}, time.Time{}); !errors.Is(err, broken) || from != "floor" || c.Now().Before(built) {
		t.Errorf("got %v from %s, %v", c.Now(), from, err)
	}
}

func TestRTCTime(t *testing.T) {
	when := time.Date(2028, 2, 29, 23, 59, 58, 700e6, time.UTC)
	back, err := fromRTC(toRTC(when))
	if err != nil || !back.Equal(time.Date(2028, 2, 29, 23, 59, 59, 0, time.UTC)) {
		t.Errorf("got %v, %v", back, err)
	}
	for _, bad := range []unix.RTCTime{
		{},                              // the 0th of January
		{Mday: 31, Mon: 1, Year: 126},   // 31 February
		{Mday: 1, Hour: 25, Year: 126},  // 25 o'clock
		{Mday: 1, Sec: -1, Year: 126},   //
		{Mday: 165, Mon: 165, Year: 99}, // BCD of an erased chip
	} {
		if got, err := fromRTC(&bad); err == nil {
			t.Errorf("%+v became %v", bad, got)
		}
	}
}

func TestSaved(t *testing.T) {
	dir := t.TempDir()
	if got, err := Saved(filepath.Join(dir, "clock")); err != nil || !got.IsZero() {
		t.Errorf("nothing saved: got %v, %v", got, err)
	}
	when := built.Add(12345678 * time.Second)
	if err := Save(filepath.Join(dir, "clock"), when); err != nil {
		t.Fatal(err)
	}
	if got, err := Saved(filepath.Join(dir, "clock")); err != nil || !got.Equal(when) {
		t.Errorf("got %v, %v, want %v", got, err, when)
	}
	m := Marker(dir + "/run/clock")
	if m.Exists() {
		t.Error("a marker that nobody made")
	}
	if err := m.Make(); err != nil || !m.Exists() {
		t.Errorf("%v, exists %v", err, m.Exists())
	}
}

func TestStepping(t *testing.T) {
	for by, want := range map[time.Duration]unix.Timeval{
		time.Hour:                {Sec: 3600},
		1500 * time.Millisecond:  {Sec: 1, Usec: 500e6},
		-1500 * time.Millisecond: {Sec: -2, Usec: 500e6},
		-2 * time.Second:         {Sec: -2},
		-1:                       {Sec: -1, Usec: 999999999},
	} {
		calls := stepping(by)
		last := calls[len(calls)-1]
		if last.Modes != unix.ADJ_SETOFFSET|unix.ADJ_NANO || last.Time != want {
			t.Errorf("%v: %+v", by, last)
		}
	}
}

func TestSlewing(t *testing.T) {
	lastDay, otherDay := time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC), time.Date(2026, 12, 30, 12, 0, 0, 0, time.UTC)
	const cancel, state = unix.ADJ_OFFSET_SINGLESHOT, unix.ADJ_OFFSET | unix.ADJ_STATUS | unix.ADJ_NANO | unix.ADJ_MAXERROR | unix.ADJ_ESTERROR
	for _, c := range []struct {
		name string
		a    Adjustment
		now  time.Time
		want []unix.Timex
	}{
		{"a small offset", Adjustment{Offset: -3 * ms, Uncertainty: 10 * ms, Poll: 64 * time.Second}, otherDay, []unix.Timex{
			{Modes: cancel},
			{Modes: state | unix.ADJ_TIMECONST, Offset: -3e6, Status: unix.STA_PLL, Maxerror: 13000, Esterror: 10000, Constant: 2}}},
		{"a large one", Adjustment{Offset: -10 * time.Second, Uncertainty: 10 * ms, Poll: 2048 * time.Second}, otherDay, []unix.Timex{
			{Modes: state, Status: unix.STA_PLL, Maxerror: 10010000, Esterror: 10000},
			{Modes: cancel, Offset: -10e6}}},
		{"leaving the hardware clock alone", Adjustment{Poll: 1024 * time.Second, KeepRTC: true}, otherDay, []unix.Timex{
			{Modes: cancel},
			{Modes: state | unix.ADJ_TIMECONST, Status: unix.STA_PLL | unix.STA_UNSYNC, Constant: 6}}},
		{"a leap second tonight", Adjustment{Leap: LeapInsert}, lastDay, []unix.Timex{
			{Modes: cancel}, {Modes: state | unix.ADJ_TIMECONST, Status: unix.STA_PLL | unix.STA_INS}}},
		{"one less tonight", Adjustment{Leap: LeapDelete}, lastDay, []unix.Timex{
			{Modes: cancel}, {Modes: state | unix.ADJ_TIMECONST, Status: unix.STA_PLL | unix.STA_DEL}}},
		{"a leap second tomorrow night", Adjustment{Leap: LeapInsert}, otherDay, []unix.Timex{
			{Modes: cancel}, {Modes: state | unix.ADJ_TIMECONST, Status: unix.STA_PLL}}},
	} {
		got := slewing(c.a, c.now)
		if len(got) != len(c.want) {
			t.Errorf("%s: %d calls, want %d", c.name, len(got), len(c.want))
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s, call %d: got %+v, want %+v", c.name, i, got[i], c.want[i])
			}
		}
	}
}
