package update

import (
	"fmt"
	"time"

	"github.com/imgbuild/imgbuild/internal/slot"
)

// restartPause is how long what is logged may take to reach its server before the box goes back.
const restartPause = 2 * time.Second

// Settled begins what comes after the boot: the proof of a version that is tried, else looking for newer ones.
func (u *updater) Settled() {
	go func() {
		select {
		case <-u.ready:
		case <-u.Life.Done():
			return
		}
		if u.on == nil {
			return
		}
		u.markState()
		if u.prove() {
			u.follow()
		}
	}()
}

// prove runs the checks of a version that is tried, and says whether it may stay.
func (u *updater) prove() bool {
	r, err := u.book.change(slot.Event{Kind: slot.Booted, Slot: u.on.running})
	if err != nil {
		u.Log.Error(fmt.Sprintf("update: %v", err))
		return false
	}
	state := r.Of(u.on.running).State
	if state != slot.Trying && state != slot.Next {
		return true
	}
	u.doing("proving %s", u.Machine.Image.Version)
	failed := u.checks(u.Life)
	u.doing("")
	if u.Life.Err() != nil {
		return false // somebody ends this run; the next one proves it
	}
	if failed != nil {
		u.fail(failed.Error())
		return false
	}
	if state == slot.Next {
		u.Log.Warn(fmt.Sprintf("update: the checks of %s passed; it was started by kexec, and is good when they pass after a start through the firmware", u.Machine.Image.Version))
		return true
	}
	if err := u.pass("its checks passed"); err != nil {
		u.Log.Error(fmt.Sprintf("update: %v", err))
		return false
	}
	return true
}

// pass has the running version be the one that starts.
func (u *updater) pass(why string) error {
	r, err := u.book.change(slot.Event{Kind: slot.Pass, Slot: u.on.running})
	if err != nil {
		return err
	}
	u.Log.Warn(fmt.Sprintf("update: %s in slot %s is good: %s", u.Machine.Image.Version, u.on.running, why))
	u.tell(r)
	return nil
}

// fail notes that the running version failed, and goes back where there is something to go back to.
func (u *updater) fail(why string) {
	_, hash, _ := u.on.head(u.on.running)
	r, err := u.book.change(slot.Event{Kind: slot.Fail, Slot: u.on.running, Why: why, Hash: hash})
	if err != nil {
		u.Log.Error(fmt.Sprintf("update: %s failed: %s; writing that down: %v", u.Machine.Image.Version, why, err))
		return
	}
	u.tell(r)
	other := r.Of(u.on.other())
	if other.State != slot.Good {
		return
	}
	u.Log.Error(fmt.Sprintf("update: %s failed: %s; going back to %s", u.Machine.Image.Version, why, other.Version))
	select {
	case <-time.After(restartPause):
	case <-u.Life.Done():
	}
	if err := u.reboot(); err != nil {
		u.Log.Error("update: " + err.Error())
	}
}
