package vm

import (
	"time"

	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/vm/qemu"
)

const (
	// roomPace is how often it is looked whether there is room again for a guest that is paused: no event tells.
	roomPace = 2 * time.Second
	// roomPause is the longest time until a guest that found no room in spite of it is tried again.
	roomPause = time.Minute
	// settled is how long a guest that was tried must run until that is told.
	settled = 2 * time.Second
)

// watch follows a guest until its QEMU has ended: what it is halted by is told, and one that had no space goes on by itself
// when there is some again.
func (g *guests) watch(one *guest, now *qemu.Guest) {
	states := make(chan qemu.State)
	go func() {
		defer close(states)
		now.Follow(func(s qemu.State) { states <- s }, func(sentence string) { g.Programs.Say("vm:"+one.name, sentence) })
	}()
	var try, settle <-chan time.Time // at most one of them
	var tried time.Time
	pause := supervise.Backoff{Min: roomPace, Max: roomPause}
	for {
		select {
		case s, there := <-states:
			switch {
			case !there:
				return
			case s.Run == "prelaunch" && now.Running() == 0: // QEMU is not there yet
			case s.Running() && (settle != nil || time.Since(tried) < settled):
				try, settle = nil, time.After(settled)
			default:
				settle = nil
				g.halt(one, now, s)
				if len(s.Full) == 0 {
					try = nil
				} else if try == nil {
					try = time.After(pause.Next(time.Since(tried)))
				}
			}
		case <-settle:
			settle = nil
			g.halt(one, now, now.State())
		case <-try:
			if g.roomFor(one, now.State()) != nil {
				try = time.After(roomPace)
				continue
			}
			try, tried = nil, time.Now()
			_ = now.Continue() // what comes of it is heard
		}
	}
}

// halt tells what a guest is halted by, if it is. One that was to power itself off cannot any more.
func (g *guests) halt(one *guest, now *qemu.Guest, s qemu.State) {
	one.standing.setGuest(halted(s, func(disk string) string { return g.placeOf(one, disk).At }))
	if trouble, known := g.Trouble("vm:" + one.name); known {
		g.Outcomes.SetTrouble("vm:"+one.name, trouble)
	}
	if one.standing.stopping() && !s.Running() {
		g.powerDown(one, now)
	}
}
