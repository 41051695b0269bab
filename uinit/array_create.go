//go:build !noarray

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/md"
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
	kernel := md.System{Sys: dev.Sys(), LoadModule: a.w.modules.Load}
	var found []md.Member
	made := false
	err := a.w.awaitDisk(limited, func() (complete bool, err error) {
		// Disks first, superblocks then: of a disk that comes in between nobody would know that it has one.
		if found, complete, err = md.Find(dev.Sys(), row.Match.Members); err != nil {
			return false, err
		}
		have, err := kernel.Observe(limited)
		if err != nil {
			return false, err
		}
		op := md.Judge(name, md.Machine{Host: string(a.w.machine.Hostname), Arrays: a.w.machine.Array}, have)
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
	if err := unused(found...); err != nil {
		return fmt.Errorf("creating array %s: %w", name, err)
	}
	used, err := kernel.Blank(found)
	if err != nil {
		return fmt.Errorf("creating array %s: %w", name, err)
	}
	if len(used) > 0 {
		return fmt.Errorf("creating array %s: %s is not blank; \"wipefs --all\" and zeros in its first and last MiB make it so", name, used[0])
	}
	return a.mdadmCreate(ctx, name, row, found)
}

func (a *arrays) mdadmCreate(ctx context.Context, name string, row spec.Array, disks []md.Member) error {
	for _, module := range []string{"md_mod", string(row.Level), "raid456"} {
		if module == "raid456" && row.Level.Number() != 4 && row.Level.Number() != 5 && row.Level.Number() != 6 {
			continue
		}
		_ = a.w.modules.Load(module) // there is no module raid5; mdadm has the better message
	}
	args := []string{"--create", "/dev/md/" + name, "--run", "--metadata=1.2", "--level=" + string(row.Level), "--name=" + name,
		"--homehost=" + string(a.w.machine.Hostname), "--raid-devices=" + strconv.Itoa(len(disks))}
	if row.Level.Number() > 0 {
		args = append(args, "--bitmap=internal") // what a crash leaves to be checked is minutes, not a day
	}
	for _, d := range disks {
		args = append(args, "/dev/"+d.Device)
	}
	a.w.log.Info("array " + name + ": creating it: mdadm " + strings.Join(args, " "))
	if out, err := exec.CommandContext(ctx, mdadm, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("creating array %s: mdadm: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	// Started anew, it has the name that all others have.
	if out, err := exec.CommandContext(ctx, mdadm, "--stop", "/dev/md/"+name).CombinedOutput(); err != nil {
		return fmt.Errorf("creating array %s: mdadm: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}
