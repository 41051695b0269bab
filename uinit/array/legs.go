package array

import (
	"errors"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/array/md"
)

// clear takes the partitions of members that are whole disks out of the kernel. Whoever looks at one right now keeps it there for
// a moment.
func (a *arrays) clear(have md.State) {
	for _, disk := range md.Claimed(a.machine(), have) {
		if !have.Parted[disk] {
			continue
		}
		err := a.dropAndTell(disk)
		if errors.Is(err, unix.EBUSY) {
			go a.insist(disk)
		} else if err != nil {
			a.Log.Error("taking the partitions of " + disk + " away: " + err.Error())
		}
	}
}

// dropAndTell says which partitions are gone, also where another one stays.
func (a *arrays) dropAndTell(disk string) error {
	dropped, err := a.drop(disk)
	if len(dropped) > 0 {
		a.Log.Info(strings.Join(dropped, ", ") + ": not shown by itself, since " + disk + " is a member of an array")
	}
	return err
}

// insist tries again for as long as somebody may look at a partition.
func (a *arrays) insist(disk string) {
	const often, pause = 20, 100 * time.Millisecond
	if a.insists(disk, true) {
		return
	}
	defer a.insists(disk, false)
	tick := time.NewTicker(pause)
	defer tick.Stop()
	var err error
	for range often {
		select {
		case <-tick.C:
		case <-a.Life.Done():
			return
		}
		if err = a.dropAndTell(disk); err == nil {
			return
		}
	}
	a.Log.Error("the partitions of " + disk + ", a member of an array, are in use by themselves: " + err.Error())
}

// insists notes that somebody does, and says whether somebody did.
func (a *arrays) insists(disk string, now bool) (before bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before = a.insisting[disk]
	a.insisting[disk] = now
	return before
}
