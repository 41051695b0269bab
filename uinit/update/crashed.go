package update

import (
	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// Crashed is for PID 1, when the worker ended unasked: where the version is one that is tried it has failed, and the box goes back at once.
func Crashed(reason string, reboot chan<- struct{}) error {
	word, given := cmdline.Read().Get(slot.Param)
	d, err := spec.Read(spec.Path)
	if err != nil || !given || d.Slots == nil {
		return err
	}
	running, err := slot.Parse(word)
	if err != nil {
		return err
	}
	on, err := findDisk(d.Slots, running)
	if err != nil || on == nil {
		return err // before its drivers are there: the tries are counted
	}
	b, err := openBook(on.record)
	if err != nil {
		return err
	}
	r, _, err := b.read()
	if err != nil || r.Of(running).State != slot.Trying && r.Of(running).State != slot.Next {
		return err
	}
	_, hash, _ := on.head(running)
	after, err := b.change(slot.Event{Kind: slot.Fail, Slot: running, Why: "uinit crashed: " + reason, Hash: hash})
	if err == nil && after.Of(on.other()).State == slot.Good {
		reboot <- struct{}{}
	}
	return err
}
