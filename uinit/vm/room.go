package vm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/vm/qemu"
)

// placeOf is where a guest's disk lies; of one that is not in its row nothing is known but its name.
func (g *guests) placeOf(one *guest, disk string) space {
	d, known := one.cfg.Disk[disk]
	if !known {
		return space{At: disk}
	}
	return g.spaceOf(d.File())
}

// roomFor says which disk of a guest that has halted still has no space; nil: none.
func (g *guests) roomFor(one *guest, s qemu.State) error {
	for _, disk := range s.Full {
		if at := g.placeOf(one, disk); !at.Enough() {
			return errors.New(at.String())
		}
	}
	return nil
}

// haltedBy is why a guest whose QEMU runs does not, as it is now; nil: it does, or sleeps.
func (g *guests) haltedBy(one *guest) error {
	why := one.standing.is()
	if !strings.HasPrefix(why, paused) {
		return nil
	}
	if now := one.qemu(); now != nil {
		if err := g.roomFor(one, now.State()); err != nil {
			why = paused + err.Error()
		}
	}
	return errors.New(why)
}

// goOn has a guest that is halted run, if it can.
func (g *guests) goOn(now *qemu.Guest) error {
	switch s := now.State(); {
	case s.Run == "suspended":
		return now.Wake()
	case s.Gone():
		return errors.New(halted(s, nil))
	default:
		return now.Continue()
	}
}

// powerDown presses a guest's power button. One that is halted hears none: it goes on for that where it can, once, and is
// switched off where it can't.
func (g *guests) powerDown(one *guest, now *qemu.Guest) {
	s := now.State()
	var err error
	if s.Run != "" && !s.Running() {
		if err = g.roomFor(one, s); err == nil && now.Pressed() {
			err = errors.New(halted(s, func(disk string) string { return g.placeOf(one, disk).At }))
		} else if err == nil {
			err = g.goOn(now)
		}
	}
	if err == nil {
		_ = now.PowerDown()
		return
	}
	g.Log.Warn(fmt.Sprintf("vm:%s hears no power button and is switched off: %v", one.name, err))
	now.Quit()
}
