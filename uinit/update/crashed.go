package update

import (
	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// crashed is for PID 1, when the worker ended unasked: where the version is one that is tried it has failed, and the box goes back at once.
func crashed(reason string) (reboot bool, err error) {
	word, given := cmdline.Read().Get(slot.Param)
	d, err := spec.Read(spec.Path)
	if err != nil || !given || d.Slots == nil {
		return false, err
	}
	running, err := slot.Parse(word)
	if err != nil {
		return false, err
	}
	on, err := findDisk(d.Slots, running)
	if err != nil || on == nil {
		return false, err // before its drivers are there: the tries are counted
	}
	b := &book{device: on.record}
	r, _, err := b.read()
	if err != nil || r.Of(running).State != slot.Trying && r.Of(running).State != slot.Next {
		return false, err
	}
	_, hash, _ := on.head(running)
	after, err := b.change(slot.Event{Kind: slot.Fail, Slot: running, Why: "uinit crashed: " + reason, Hash: hash})
	return err == nil && after.Of(on.other()).State == slot.Good, err
}
