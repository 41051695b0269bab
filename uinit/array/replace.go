package array

import (
	"context"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// replace puts a new disk in the place of an old one, which may be gone already. ctx ends only the watching: the disks' work
// goes on. Asked for a second time, after a reboot in the middle, it goes on with what is left to do.
func (a *arrays) replace(ctx context.Context, name, old, new string, to feature.Asker) error {
	old, new = path.Base(old), path.Base(new)
	target, err := a.exchange(ctx, name, old, new, to)
	if err != nil {
		return fmt.Errorf("replacing %s in array %s: %w", old, name, err)
	}
	to.Tell("%s ok: %s is in the place of %s", name, md.Describe(a.sys, target), old)
	return nil
}

func (a *arrays) exchange(ctx context.Context, name, old, new string, to feature.Asker) (target string, err error) {
	device := a.running()[name]
	h, err := md.Examine(a.sys, device)
	if err != nil {
		return "", err
	}
	if !md.Exists(a.sys, new) {
		return "", fmt.Errorf("there is no disk %s", new)
	}
	if target, err = a.target(ctx, h, old, new, to); err != nil {
		return "", err
	}
	was := oldMember(h, old, func(member string) string { return md.Disk(a.sys, member) })
	steps, err := planExchange(h, was, old, target)
	if err != nil {
		return "", err
	}
	if err := a.begin(ctx, name, device, steps, to); err != nil {
		return "", err
	}
	if err := a.follow(ctx, name, to); err != nil {
		return "", err
	}
	if h, err = md.Examine(a.sys, device); err != nil {
		return "", err
	}
	if slices.ContainsFunc(h.Members, func(m md.MemberHealth) bool { return was != nil && m.Device == was.Device && m.Has("faulty") }) {
		if err := a.remove(ctx, to, device, was.Device); err != nil {
			return "", err
		}
	}
	if len(h.Missing) > 0 {
		return "", fmt.Errorf("it is still %s", h)
	}
	return target, nil
}

// begin does what a replacement takes until the driver is at work.
func (a *arrays) begin(ctx context.Context, name, device string, steps exchange, to feature.Asker) error {
	if steps.remove != "" {
		if err := a.remove(ctx, to, device, steps.remove); err != nil {
			return err
		}
	}
	if steps.add != "" {
		if err := a.free(ctx, md.Describe(a.sys, steps.add)); err != nil {
			return err
		}
		a.Log.Info("array " + name + ": making " + a.described(steps.add) + " a member")
		if err := a.mdadm(to, "/dev/"+device, "--add", "/dev/"+steps.add); err != nil {
			return err
		}
		a.remember(md.Describe(a.sys, steps.add))
	}
	if steps.stays != "" {
		to.Tell("%s works and stays; %s is for who is missing", steps.stays, steps.with)
	}
	if steps.replace != "" {
		return a.mdadm(to, "/dev/"+device, "--replace", "/dev/"+steps.replace, "--with", "/dev/"+steps.with)
	}
	return nil
}

// remove takes a failed member out. The driver needs a moment to let go of one that it has just dropped, and
// has no news for who waits for that.
func (a *arrays) remove(ctx context.Context, to feature.Asker, device, member string) error {
	limited, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	held := func(m md.MemberHealth) bool { return m.Device == member && m.Slot >= 0 }
	for limited.Err() == nil {
		if h, err := md.Examine(a.sys, device); err != nil || !slices.ContainsFunc(h.Members, held) {
			break
		}
		select {
		case <-tick.C:
		case <-limited.Done(): // mdadm has the words for it
		}
	}
	return a.mdadm(to, "/dev/"+device, "--remove", "/dev/"+member)
}
