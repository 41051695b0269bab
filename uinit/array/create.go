package array

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/array/plan"
)

// create makes an array of blank disks, once: where one of them carries a superblock there is nothing to make. Disks that are
// not there yet are waited for, and the unit is late meanwhile: none of the others can do without them. So are those that go again
// before the array is made.
func (a *arrays) create(ctx context.Context, m *spec.Machine, name string) error {
	for {
		found, made, err := a.disksOf(ctx, m, name)
		if made && err == nil {
			return nil
		}
		media := a.media(found)
		if err == nil {
			err = a.free(ctx, found...)
		}
		if err == nil {
			err = a.mdadmCreate(ctx, m, name, found)
		}
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || !a.others(found, media) {
			return fmt.Errorf("creating array %s: %w", name, err)
		}
		a.Log.Warn("array " + name + ": a disk went before the array was made: " + err.Error())
	}
}

// disksOf waits for the disks to make an array of, or says that it is made already.
func (a *arrays) disksOf(ctx context.Context, m *spec.Machine, name string) (found []md.Member, made bool, err error) {
	texts := m.Array[name].Match.Members
	err = a.AwaitDisk(ctx, func() (complete bool, err error) {
		// Disks first, superblocks then: of a disk that comes in between nobody would know that it has one.
		if found, complete, err = md.Find(a.sys, texts); err != nil {
			return false, err
		}
		have, err := a.observe()
		if err != nil {
			return false, err
		}
		op := md.Decide(name, md.Machine{Host: string(m.Hostname), Arrays: m.Array}, have)
		made = op.Action != md.Wait || op.Members != nil
		for _, member := range have.Members {
			for _, text := range texts {
				made = made || member.Is(text)
			}
		}
		if !made {
			a.wait(name, fmt.Sprintf("%d of %d disks to create it of; %s", len(found), len(texts), md.Sight(a.sys, texts)))
		}
		return made || complete, nil
	})
	return found, made, err
}

// mdadmCreate has mdadm write the superblocks.
func (a *arrays) mdadmCreate(ctx context.Context, m *spec.Machine, name string, disks []md.Member) error {
	level := m.Array[name].Level
	for _, module := range plan.Modules(level) {
		_ = a.load(module) // mdadm has the better message
	}
	args := []string{"--create", "/dev/md/" + name, "--run", "--metadata=1.2", "--level=" + string(level), "--name=" + name,
		"--homehost=" + string(m.Hostname), "--raid-devices=" + strconv.Itoa(len(disks))}
	if level.Number() > 0 {
		args = append(args, "--bitmap=internal") // what a crash leaves to be checked is minutes, not a day
	}
	for _, d := range disks {
		args = append(args, "/dev/"+d.Device)
		a.Log.Info("array " + name + ": making it of " + a.described(d.Device))
	}
	a.Log.Info("array " + name + ": creating it: mdadm " + strings.Join(args, " "))
	if _, err := a.run(ctx, "", mdadm, args...); err != nil {
		return fmt.Errorf("mdadm: %w", err)
	}
	// Started anew, it has the name that all others have.
	if _, err := a.run(ctx, "", mdadm, "--stop", "/dev/md/"+name); err != nil {
		return fmt.Errorf("mdadm: %w", err)
	}
	return nil
}
