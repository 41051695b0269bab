package clock

import (
	"fmt"
	"math/bits"
	"time"

	"golang.org/x/sys/unix"
)

// System is the kernel's clock. What it is told is a list of calls to adjtimex(2), made by
// stepping and slewing.
type System struct{}

// Now is the system's time.
func (System) Now() time.Time { return time.Now() }

// Step moves the clock at once (ADJ_SETOFFSET); it needs CAP_SYS_TIME.
func (System) Step(by time.Duration) error { return adjust(stepping(by)) }

// Adjust hands the offset to the kernel.
func (System) Adjust(a Adjustment) error { return adjust(slewing(a, time.Now())) }

func adjust(calls []unix.Timex) error {
	for i := range calls {
		if _, err := unix.Adjtimex(&calls[i]); err != nil {
			return fmt.Errorf("adjtimex (modes %#x): %w", calls[i].Modes, err)
		}
	}
	return nil
}

func stepping(by time.Duration) []unix.Timex {
	// The kernel wants the fraction to be positive.
	seconds := by.Truncate(time.Second)
	if by < seconds {
		seconds -= time.Second
	}
	tx := unix.Timex{Modes: unix.ADJ_SETOFFSET | unix.ADJ_NANO}
	tx.Time.Sec = int64(seconds / time.Second)
	tx.Time.Usec = int64(by - seconds)
	// A slew that was under way belonged to the old time.
	return []unix.Timex{{Modes: unix.ADJ_OFFSET_SINGLESHOT}, tx}
}

// slewing chooses between the kernel's two ways. Its phase-locked loop learns the clock's
// frequency, but is made for small offsets: it takes at most half a second, and most of it
// at once. Larger ones are drawn out at 500 ppm (adjtime(3)).
func slewing(a Adjustment, now time.Time) []unix.Timex {
	status := int32(unix.STA_PLL)
	if a.KeepRTC {
		// A clock that calls itself unsynchronized is not copied to the hardware (sync_hw_clock, kernel/time/ntp.c).
		status |= unix.STA_UNSYNC
	}
	status |= leapStatus(a.Leap, now)
	state := unix.Timex{
		Modes:  unix.ADJ_STATUS | unix.ADJ_NANO | unix.ADJ_MAXERROR | unix.ADJ_ESTERROR,
		Status: status,
		// Beyond 16 s the kernel would call itself unsynchronized at once.
		Maxerror: min((a.Offset.Abs() + a.Uncertainty).Microseconds(), 15_000_000),
		Esterror: a.Uncertainty.Microseconds(),
	}
	if a.Offset.Abs() > stepAbove {
		state.Modes |= unix.ADJ_OFFSET // 0: nothing is left to the loop
		return []unix.Timex{state, {Modes: unix.ADJ_OFFSET_SINGLESHOT, Offset: a.Offset.Microseconds()}}
	}
	state.Modes |= unix.ADJ_OFFSET | unix.ADJ_TIMECONST
	state.Offset = a.Offset.Nanoseconds()
	state.Constant = timeConstant(a.Poll)
	return []unix.Timex{{Modes: unix.ADJ_OFFSET_SINGLESHOT}, state}
}

// timeConstant is the loop's, as ntpd sets it: four less than the binary logarithm of the
// poll interval in seconds, so that the offset is gone well before the next round.
func timeConstant(poll time.Duration) int64 {
	exponent := bits.Len64(uint64(max(poll, time.Second)/time.Second)) - 1
	return int64(max(exponent-4, 0))
}

// leapStatus arms the leap second. Servers announce it up to a month ahead, but the
// kernel inserts it at the next midnight: it may only know on the last day.
func leapStatus(leap Leap, now time.Time) int32 {
	if now.UTC().AddDate(0, 0, 1).Day() != 1 {
		return 0
	}
	switch leap {
	case LeapInsert:
		return unix.STA_INS
	case LeapDelete:
		return unix.STA_DEL
	}
	return 0
}
