package clock

import (
	"fmt"
	"time"
)

// apply moves the clock as decided and tells the kernel how good it is now.
func (s *Syncer) apply(d Decision) error {
	rest := d.Offset
	if d.Action == Step {
		if err := s.Clock.Step(d.Offset); err != nil {
			return fmt.Errorf("stepping the clock by %s: %w", round(d.Offset), err)
		}
		rest = 0
	}
	if err := s.Clock.Adjust(Adjustment{rest, d.Uncertainty, s.poll, d.Leap, s.KeepRTC}); err != nil {
		return fmt.Errorf("adjusting the clock: %w", err)
	}
	return nil
}

// keep leaves the good time where later boots, and a restarted uinit, find it.
func (s *Syncer) keep(d Decision) (troubles []error) {
	if s.MarkSet != nil {
		if err := s.MarkSet(); err != nil {
			troubles = append(troubles, fmt.Errorf("marking the clock as set: %w", err))
		}
	}
	if d.Action == Step {
		troubles = append(troubles, s.writeRTC()...)
	}
	if d.Action == Step || s.saved.IsZero() || time.Since(s.saved) >= saveEvery {
		troubles = append(troubles, s.save()...)
	}
	return troubles
}

func (s *Syncer) writeRTC() []error {
	if s.RTC == nil || s.KeepRTC {
		return nil
	}
	if err := s.RTC.Write(s.Clock.Now()); err != nil {
		return []error{fmt.Errorf("writing the hardware clock: %w", err)}
	}
	return nil
}

func (s *Syncer) save() []error {
	if s.Save == nil {
		return nil
	}
	s.saved = time.Now()
	if err := s.Save(s.Clock.Now()); err != nil {
		return []error{fmt.Errorf("saving the time: %w", err)}
	}
	return nil
}

// end leaves the time to the next boot. A time that was never confirmed is not worth it.
func (s *Syncer) end() {
	if !s.synced {
		return
	}
	if troubles := append(s.writeRTC(), s.save()...); len(troubles) > 0 {
		s.Report(Status{State: Ended, Troubles: troubles})
	}
}
