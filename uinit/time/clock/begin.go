package clock

import (
	"fmt"
	"time"
)

// Origin is where the time comes from before any server was heard.
type Origin string

// Origins of the time.
const (
	Kept      Origin = "clock" // it is right as it is
	FromRTC   Origin = "rtc"
	FromSaved Origin = "saved" // the last good time of an earlier boot
	FromFloor Origin = "floor"
)

// Begin says what the clock should show before any server was heard, and where that comes
// from. The kernel has set the clock from the hardware clock if it could; a hardware clock that
// is behind the last good time, or outside of what is credible, has lost its battery. rtc and
// saved may be zero: not known.
func Begin(p Policy, now, rtc, saved time.Time) (time.Time, Origin) {
	if !saved.IsZero() && p.credible(saved) != "" {
		saved = time.Time{}
	}
	good := func(t time.Time) bool {
		return !t.IsZero() && p.credible(t) == "" && !t.Before(saved)
	}
	switch {
	case good(now):
		return now, Kept
	case good(rtc):
		return rtc, FromRTC
	case !saved.IsZero():
		return saved, FromSaved
	case !p.Floor.IsZero():
		return p.Floor, FromFloor
	}
	return now, Kept
}

// SetInitial does what Begin says, and returns where the time came from. rtc may be nil; an
// error of it is no reason not to go on, but is returned.
func SetInitial(p Policy, c Clock, rtc RTC, saved time.Time) (from Origin, err error) {
	var hardware time.Time
	if rtc != nil {
		if hardware, err = rtc.Read(); err != nil {
			err = fmt.Errorf("reading the hardware clock: %w", err)
		}
	}
	now := c.Now()
	to, from := Begin(p, now, hardware, saved)
	if from == Kept {
		return from, err
	}
	if failed := c.Step(to.Sub(now)); failed != nil {
		return Kept, fmt.Errorf("setting the clock to %s: %w", to.UTC().Format(time.RFC3339), failed)
	}
	return from, err
}
