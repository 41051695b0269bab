package array

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/disk"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/array/plan"
	"github.com/imgbuild/imgbuild/uinit/dev"
)

// latecomers are disks that come when nobody waits for them any more.
type latecomers struct {
	// look asks for a look; one that is asked for already is enough.
	look chan struct{}
	// came are devices that came up and were not judged so far, by name; lost says that the kernel's word of some was lost. Both
	// are of the one goroutine that looks.
	came map[string]bool
	lost bool
	// failed is what mdadm said of those who were to join, by name.
	failed map[string]string
	// considered are members of which it was decided when their array started, by name: the number that the kernel gave their
	// medium. It is shared, as why is.
	considered map[string]string
	// why says of each member that no array uses why that is so; by name.
	why map[string]stray
}

// Disks that came, and those whom an array left that has just been started, are looked at once there has been no more news for as long
// as settle, and no later than longest: many come and start together, and the looks would take time from them.
const (
	settle  = time.Second
	longest = 10 * time.Second
)

// watchDisks looks at disks that come when their array runs already, or was refused: it is not looked for any more then. Those that
// come together are looked at once.
func (a *arrays) watchDisks() {
	events, stop := a.Events.Watch()
	go func() {
		defer stop()
		for a.late.news(a.Life, events) {
			for a.lookAtDisks() { // one that has joined changes what is true of the others
			}
		}
	}()
}

// news waits for news, and then for what comes with it; it says whether there is to be a look.
func (l *latecomers) news(ctx context.Context, events <-chan dev.Event) bool {
	var settled <-chan time.Time
	var latest time.Time
	for {
		select {
		case <-ctx.Done():
			return false
		case <-settled:
			return true
		case <-l.look:
		case e := <-events:
			if !l.note(e) {
				continue
			}
		}
		if settled == nil {
			latest = time.Now().Add(longest)
		}
		settled = time.After(min(settle, time.Until(latest)))
	}
}

// note keeps what came, and says whether there may be news.
func (l *latecomers) note(e dev.Event) bool {
	name := path.Base(e.Path)
	switch {
	case e.Action == dev.Overflow:
		l.lost = true
		return true
	case e.Subsystem() != "block" || strings.HasPrefix(name, "md"):
		return false
	case e.Action == "add":
		l.came[name] = true
		delete(l.failed, name)
	}
	return e.Action == "add" || e.Action == "remove"
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

// forget drops what is known of devices that were judged, that are gone or that are no members. Those of an array that does not run
// may be late for it yet.
func (l *latecomers) forget(have md.State, judged map[string]bool) {
	for name := range l.came {
		waits := slices.ContainsFunc(have.Members, func(m md.Member) bool { return m.Device == name })
		if judged[name] || !waits && have.Unreadable[name] == nil {
			delete(l.came, name)
		}
	}
}

// joining is the command that takes a member in.
func joining(l md.Late) []string {
	how := "--re-add"
	if l.Spare() {
		how = "--add"
	}
	return []string{"mdadm", md.DevicePath(l.Device), how, md.DevicePath(l.Member.Device)}
}

// join takes a member in. mdadm takes one back only where the kernel finds that it need not be written anew as a whole.
func (a *arrays) join(name string, l md.Late) error {
	command := joining(l)
	a.Log.Info(fmt.Sprintf("array %s: %s came late: %s", name, l.Member, strings.Join(command, " ")))
	if _, err := a.run(a.Life, "", mdadm, command[1:]...); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(command, " "), err)
	}
	a.remember(l.Member)
	return nil
}
