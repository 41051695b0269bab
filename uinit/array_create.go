//go:build !noarray

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/blank"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/slack"
)

// mdadm writes all superblocks.
const mdadm = "/sbin/mdadm"

// create makes an array of blank disks, once: where one of them carries a superblock there is nothing to
// make. It gives up waiting for disks after as long as the array waits for members.
func (a *arrays) create(ctx context.Context, name string, row spec.Array) error {
	patience := 30 * time.Second
	if row.StartDegradedAfter != nil {
		patience = max(patience, time.Duration(*row.StartDegradedAfter))
	}
	limited, cancel := context.WithTimeoutCause(ctx, patience, errWaited)
	defer cancel()
	kernel := a.kernel()
	var found []md.Member
	made := false
	err := a.w.AwaitDisk(limited, func() (complete bool, err error) {
		// Disks first, superblocks then: of a disk that comes in between nobody would know that it has one.
		if found, complete, err = md.Find(dev.Sys(), row.Match.Members); err != nil {
			return false, err
		}
		have, err := kernel.Observe(limited)
		if err != nil {
			return false, err
		}
		op := md.Judge(name, md.Machine{Host: string(a.w.Machine.Now().Hostname), Arrays: a.w.Machine.Now().Array}, have)
		made = op.Action != md.Wait || op.Members != nil
		for _, m := range have.Members {
			for _, text := range row.Match.Members {
				made = made || m.Is(text)
			}
		}
		if made {
			return true, nil
		}
		a.wait(name, fmt.Sprintf("%d of %d disks to create it of", len(found), len(row.Match.Members)))
		return complete, nil
	})
	if errors.Is(err, errWaited) && ctx.Err() == nil || made {
		return nil
	}
	if err != nil {
		return fmt.Errorf("creating array %s: %w", name, err)
	}
	for _, m := range found {
		if err := a.w.Disks.Check(m.Device); err != nil {
			return fmt.Errorf("creating array %s: %w", name, err)
		}
	}
	if err := unused(found...); err != nil {
		return fmt.Errorf("creating array %s: %w", name, err)
	}
	if err := allBlank(ctx, found); err != nil {
		return fmt.Errorf("creating array %s: %w", name, err)
	}
	return a.mdadmCreate(ctx, name, row, found)
}

// allBlank refuses disks that are not blank. They are looked at side by side, for it takes seconds each.
func allBlank(ctx context.Context, disks []md.Member) error {
	refused := make([]error, len(disks))
	var all sync.WaitGroup
	for i, d := range disks {
		all.Go(func() { refused[i] = blank.Device(ctx, dev.Sys(), d.Device) })
	}
	all.Wait()
	var words []string // one line, as all that a unit says
	for _, err := range refused {
		if err != nil {
			words = append(words, err.Error())
		}
	}
	if len(words) > 0 {
		return errors.New(strings.Join(words, "; "))
	}
	return nil
}

func (a *arrays) mdadmCreate(ctx context.Context, name string, row spec.Array, disks []md.Member) error {
	for _, module := range []string{"md_mod", string(row.Level), "raid456"} {
		if module == "raid456" && row.Level.Number() != 4 && row.Level.Number() != 5 && row.Level.Number() != 6 {
			continue
		}
		_ = a.w.Kmod.Load(module) // there is no module raid5; mdadm has the better message
	}
	args := []string{"--create", "/dev/md/" + name, "--run", "--metadata=1.2", "--level=" + string(row.Level), "--name=" + name,
		"--homehost=" + string(a.w.Machine.Now().Hostname), "--raid-devices=" + strconv.Itoa(len(disks))}
	if row.Level.Number() > 0 {
		args = append(args, "--bitmap=internal") // what a crash leaves to be checked is minutes, not a day
	}
	for _, d := range disks {
		args = append(args, "/dev/"+d.Device)
		a.w.Log.Info("array " + name + ": making it of " + described(d.Device))
	}
	a.w.Log.Info("array " + name + ": creating it: mdadm " + strings.Join(args, " "))
	if out, err := slack.CombinedOutput(exec.CommandContext(ctx, mdadm, args...)); err != nil {
		return fmt.Errorf("creating array %s: mdadm: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	// Started anew, it has the name that all others have.
	if out, err := slack.CombinedOutput(exec.CommandContext(ctx, mdadm, "--stop", "/dev/md/"+name)); err != nil {
		return fmt.Errorf("creating array %s: mdadm: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}
