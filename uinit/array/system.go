package array

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"sync"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/blank"
	"github.com/imgbuild/imgbuild/internal/disk"
	"github.com/imgbuild/imgbuild/internal/holder"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/array/plan"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/slack"
)

// system is what arrays are made and started on.
type system struct {
	// sys is the tree at /sys.
	sys    fs.FS
	kernel md.Kernel
	// free refuses disks that are not blank, that somebody uses, or that belong to an array.
	free func(ctx context.Context, disks ...md.Member) error
	// run runs a program and returns its output; the error has what else it said.
	run func(ctx context.Context, input, program string, args ...string) (string, error)
	// load loads a driver; that it is built in is no error.
	load func(module string) error
	// name makes /dev/md/NAME.
	name func(array, device string) error
	// drop takes the partitions of a disk out of the kernel.
	drop func(disk string) (dropped []string, err error)
}

const (
	// mdadm writes all superblocks.
	mdadm = "/sbin/mdadm"
	// sfdisk copies partition tables, GPT and MBR.
	sfdisk = "/sbin/sfdisk"
)

func newSystem(d *feature.Deps) system {
	return system{
		sys: dev.Sys(), kernel: md.System{Sys: dev.Sys(), Disks: d.Disks.Disks, Seen: &alone.Memo[md.Seen]{}, LoadModule: d.Kmod.Load}, load: d.Kmod.Load,
		free: func(ctx context.Context, disks ...md.Member) error { return free(ctx, d.Disks.Check, disks) },
		run:  run, name: md.Link,
		drop: func(disk string) ([]string, error) { return md.DropPartitions(dev.Sys(), disk) },
	}
}

// described is a device with its size, place and serial number, also where it has just gone.
func (s system) described(name string) string {
	d, err := disk.Of(s.sys, name)
	if err != nil {
		return name
	}
	return d.String()
}

func run(ctx context.Context, input, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	if input != "" {
		cmd.Stdin = strings.NewReader(input)
	}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := slack.Run(cmd); err != nil {
		return "", fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()+out.String()))
	}
	return out.String(), nil
}

// free looks at disks of which something new is to be made. check says whether one may be used by itself.
func free(ctx context.Context, check func(name string) error, disks []md.Member) error {
	for _, d := range disks {
		if err := check(d.Device); err != nil {
			return err
		}
	}
	if err := unused(disks...); err != nil {
		return err
	}
	return allBlank(ctx, disks)
}

// unused refuses the first disk that somebody uses, and says who.
func unused(disks ...md.Member) error {
	for _, d := range disks {
		r, err := holder.Reserve("/dev/"+strings.ReplaceAll(d.Device, "!", "/"), os.O_RDWR)
		if err != nil {
			return fmt.Errorf("%s: %w", d, err)
		}
		r.Release()
	}
	return nil
}

// The deadline of an array's unit counts with no more than this.
const _ = uint64(plan.Looking - blank.Limit)

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
