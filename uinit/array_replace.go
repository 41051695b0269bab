//go:build !noarray

package main

import (
	"context"
	"fmt"
	"os/exec"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/blank"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/slack"
)

// sfdisk copies partition tables, GPT and MBR.
const sfdisk = "/sbin/sfdisk"

// replace puts a new disk in the place of an old one, which may be gone already. ctx ends only the
// watching: the disks' work goes on. Begun a second time, after a
// reboot in the middle, it goes on with what is left to do.
func (a *arrays) replace(ctx context.Context, name, old, new string, to feature.Asker) error {
	old, new = path.Base(old), path.Base(new)
	bad := func(format string, args ...any) error {
		return fmt.Errorf("replacing %s in array %s: %w", old, name, fmt.Errorf(format, args...))
	}
	device, sys := a.running()[name], dev.Sys()
	h, err := md.Examine(sys, device)
	if err != nil {
		return bad("%w", err)
	}
	if !md.Exists(sys, new) {
		return bad("there is no disk %s", new)
	}
	target := new
	if like := a.partitionAlike(h, old); like != "" && md.Disk(sys, new) == "" {
		if target, err = a.copyTable(ctx, like, new, to); err != nil {
			return bad("%w", err)
		}
	}
	plan, err := md.PlanReplacement(h, old, target, func(device string) string { return md.Disk(sys, device) }, func() error { return a.free(ctx, target) })
	if err != nil {
		return bad("%w", err)
	}
	if plan.Remove != "" {
		if err := a.remove(ctx, to, device, plan.Remove); err != nil {
			return bad("%w", err)
		}
	}
	if plan.Look {
		if err := a.free(ctx, target); err != nil {
			return bad("%w", err)
		}
	}
	if plan.Add {
		a.w.Log.Info("array " + name + ": making " + described(target) + " a member")
		if err := a.mdadm(to, "/dev/"+device, "--add", "/dev/"+target); err != nil {
			return bad("%w", err)
		}
		a.remember(target)
	}
	if plan.Stays != "" {
		to.Tell("%s works and stays; %s is for who is missing", plan.Stays, target)
	}
	if plan.Gives != "" {
		if err := a.mdadm(to, "/dev/"+device, "--replace", "/dev/"+plan.Gives, "--with", "/dev/"+target); err != nil {
			return bad("%w", err)
		}
	}
	if err := a.follow(ctx, name, to); err != nil {
		return err
	}
	if h, err = md.Examine(sys, device); err != nil {
		return bad("%w", err)
	}
	gone, whole := plan.Outcome(h)
	if gone != "" {
		if err := a.remove(ctx, to, device, gone); err != nil {
			return bad("%w", err)
		}
	}
	if whole != nil {
		return bad("%w", whole)
	}
	to.Tell("%s ok: %s is in the place of %s", name, md.Describe(sys, target), old)
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
		if h, err := md.Examine(dev.Sys(), device); err != nil || !slices.ContainsFunc(h.Members, held) {
			break
		}
		select {
		case <-tick.C:
		case <-limited.Done(): // mdadm has the words for it
		}
	}
	return a.mdadm(to, "/dev/"+device, "--remove", "/dev/"+member)
}

// partitionAlike is a member that is a partition, other than the old one where there is a choice.
func (a *arrays) partitionAlike(h md.Health, old string) (like string) {
	for _, m := range h.Members {
		if md.Disk(dev.Sys(), m.Device) != "" && !m.Has("faulty") && (like == "" || m.Device != old) {
			like = m.Device
		}
	}
	return like
}

// copyTable gives a blank disk the partitions of the disk that a member lies on, and returns the one that has
// that member's number. A disk that has partitions already, from a run that was interrupted, keeps them.
func (a *arrays) copyTable(ctx context.Context, like, disk string, to feature.Asker) (string, error) {
	sys, target := dev.Sys(), md.PartitionOf(disk, like)
	from := md.Disk(sys, like)
	if !md.Partitions(sys, disk) {
		if err := a.free(ctx, disk); err != nil {
			return "", err
		}
		a.w.Log.Info("copying the partitions of " + from + " to " + described(disk))
		dump, err := slack.Output(exec.CommandContext(a.w.Life, sfdisk, "--dump", "/dev/"+from))
		if err != nil {
			return "", fmt.Errorf("reading the partitions of %s: %w", from, err)
		}
		cmd := exec.CommandContext(a.w.Life, sfdisk, "--quiet", "--wipe=never", "/dev/"+disk)
		cmd.Stdin = strings.NewReader(md.CopyTable(string(dump)))
		if out, err := slack.CombinedOutput(cmd); err != nil {
			return "", fmt.Errorf("copying the partitions of %s to %s: %w: %s", from, disk, err, strings.TrimSpace(string(out)))
		}
		to.Tell("%s has the partitions of %s", disk, from)
	}
	limited, cancel := context.WithTimeoutCause(ctx, 10*time.Second, fmt.Errorf("%s does not come up", target))
	defer cancel()
	return target, a.w.AwaitDisk(limited, func() (bool, error) { return md.Exists(sys, target), nil })
}

// free refuses a device that holds anything.
func (a *arrays) free(ctx context.Context, device string) error {
	if err := unused(md.Describe(dev.Sys(), device)); err != nil {
		return err
	}
	if err := a.w.Disks.Check(device); err != nil {
		return err
	}
	return blank.Device(ctx, dev.Sys(), device)
}

func (a *arrays) remember(device string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.members[device] = md.Describe(dev.Sys(), device).String()
}

func (a *arrays) mdadm(to feature.Asker, args ...string) error {
	line := "mdadm " + strings.Join(args, " ")
	a.w.Log.Info(line)
	to.Tell("%s", line)
	if out, err := slack.CombinedOutput(exec.CommandContext(a.w.Life, mdadm, args...)); err != nil {
		return fmt.Errorf("%s: %w: %s", line, err, strings.TrimSpace(string(out)))
	}
	return nil
}
