package array

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/disk"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/array/plan"
	"github.com/imgbuild/imgbuild/uinit/dev"
)

// watchDisks looks at disks that come when their array runs already, or was refused: it is not looked for any more then. Those that
// come together are looked at once.
func (a *arrays) watchDisks() {
	events, stop := a.Events.Watch(dev.Of("block"))
	go func() {
		defer stop()
		for a.late.news(a.Life, events) {
			for a.lookAtDisks() { // one that has joined changes what is true of the others
			}
		}
	}()
}

// lookAgain asks for a look at the disks, after something has been done with some.
func (a *arrays) lookAgain() {
	select {
	case a.late.look <- struct{}{}:
	default:
	}
}

// lookAtDisks has one member join that came late and may, and says whether it did. Of all others it says that they are there.
func (a *arrays) lookAtDisks() (joined bool) {
	have, err := a.observe()
	if err != nil {
		return false
	}
	if a.late.lost {
		for _, m := range have.Members {
			a.late.came[m.Device] = true
		}
		a.late.lost = false
	}
	names := map[string]string{}
	for name, device := range a.running() {
		names[device] = name
	}
	why, judged := map[string]stray{}, map[string]bool{}
	for _, l := range a.kernel.Late(have) {
		name, ours := names[l.Device]
		if !ours {
			continue
		}
		if l.Why == "" && a.isLate(l.Member.Device) {
			err := a.join(name, l)
			if delete(a.late.came, l.Member.Device); err == nil {
				return true
			}
			a.late.failed[l.Member.Device] = err.Error()
		}
		if l.Why == "" {
			l.Why = cmp.Or(a.late.failed[l.Member.Device], fmt.Sprintf("it was left out; \"%s\" takes it in", strings.Join(joining(l), " ")))
		}
		why[l.Member.Device], judged[l.Member.Device] = stray{name, fmt.Sprintf("%s of array %s is not used: %s", l.Member, name, l.Why)}, true
	}
	a.whatWasRefused(have, why)
	a.late.forget(have, judged)
	a.strays(why)
	a.Facts.Fact(plan.Unclaimed.Is(a.unclaimed(have)))
	return false
}

// consider notes the members of an array of which it has been decided. Those that were left out are not late: the same disks are to
// make the same array, however they come up.
func (a *arrays) consider(name string, want md.Machine, have md.State) {
	want.Arrays = map[string]spec.Array{name: want.Arrays[name]}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, device := range md.Claimed(want, have) {
		a.late.considered[device] = a.medium(device)
	}
}

func (a *arrays) isLate(device string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	before, considered := a.late.considered[device]
	return a.late.came[device] && (!considered || before != a.medium(device))
}

// medium is the number that the kernel gave to what is in a device, which is another one when that comes again
// (Documentation/ABI/stable/sysfs-block, diskseq).
func (a *arrays) medium(device string) string {
	return disk.Attribute(a.sys, alone.Disk(a.sys, device), "diskseq")
}
