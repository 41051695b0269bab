package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/meminfo"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/vm/qemu"
	"github.com/imgbuild/imgbuild/uinit/volume"
)

// await waits for a disk that is a device, and brings up its volume group.
func (g *guests) await(ctx context.Context, disk spec.VMDisk) error {
	file := disk.File()
	if !strings.HasPrefix(file, "/dev/") {
		return nil
	}
	there := func() bool {
		_, err := os.Stat(file)
		return err == nil
	}
	var failed error
	err := g.AwaitDisk(ctx, func() (bool, error) {
		if group := disk.VolumeGroup(); group != "" && !there() {
			failed = volume.Activate(ctx, g.Kmod.Load, g.Disks.Sys, g.Disks.Check, group) // the next disk may be what is missing
		}
		return there(), nil
	})
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", file, errors.Join(err, failed))
	}
	return nil
}

// admit refuses a guest whose disks or memory this machine does not have for it.
func (g *guests) admit(one *guest) error {
	if err := errors.Join(g.alone(one), g.fits(one)); err != nil {
		return &admissionError{one.name, err}
	}
	return nil
}

// admissionError says why a guest was not started.
type admissionError struct {
	guest string
	error
}

func (e *admissionError) Error() string { return "starting " + e.guest + ": " + e.error.Error() }

func (e *admissionError) Unwrap() error { return e.error }

// alone says whether a guest's disks may be used by themselves: none belongs to an array of the machine's.
func (g *guests) alone(one *guest) error {
	for _, name := range graph.Names(one.cfg.Disk) {
		if err := g.Disks.CheckPath(one.cfg.Disk[name].File()); err != nil {
			return fmt.Errorf("disk %s: %w", name, err)
		}
	}
	return nil
}

// fits says whether a guest's memory is there.
func (g *guests) fits(one *guest) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	total, available, err := meminfo.Memory()
	if err != nil {
		return fmt.Errorf("looking for memory: %w", err)
	}
	m := qemu.Memory{Total: total, Available: g.Programs.Groups.Room(available)}
	for _, other := range g.all {
		if other != one && other.qemu() != nil {
			m.Promised += max(0, int64(other.cfg.Memory)-cgroup.Figure(g.group(other), "memory.current"))
		}
	}
	return m.Fits(one.cfg.Memory)
}

// group is the directory of a guest's control group.
func (g *guests) group(one *guest) string { return g.Programs.Groups.Dir(cgroup.Guest(one.name)) }
