//go:build !novm

package main

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
	"github.com/imgbuild/imgbuild/uinit/vm"
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
	err := g.w.AwaitDisk(ctx, func() (bool, error) {
		if group := disk.VolumeGroup(); group != "" && !there() {
			failed = volume.Activate(ctx, g.w.Kmod.Load, g.w.Disks.Sys, g.w.Disks.Check, group) // the next disk may be what is missing
		}
		return there(), nil
	})
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", file, errors.Join(err, failed))
	}
	return nil
}

// alone says whether a guest's disks may be used by themselves: none belongs to an array of the machine's.
func (g *guests) alone(one *guest) error {
	for _, name := range graph.Names(one.row.Disk) {
		if err := g.w.Disks.CheckPath(one.row.Disk[name].File()); err != nil {
			return fmt.Errorf("starting %s: disk %s: %w", one.name, name, err)
		}
	}
	return nil
}

// room says whether a guest's memory is there.
func (g *guests) room(one *guest) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	total, available, err := meminfo.Memory()
	if err != nil {
		return fmt.Errorf("looking for memory: %w", err)
	}
	m := vm.Memory{Total: total, Available: g.w.Programs.Groups.Room(available)}
	for _, other := range g.all {
		if other != one && other.guest() != nil {
			m.Promised += max(0, int64(other.row.Memory)-cgroup.Figure(g.group(other), "memory.current"))
		}
	}
	if err := m.Fits(one.row.Memory); err != nil {
		return fmt.Errorf("starting %s: %w", one.name, err)
	}
	return nil
}

// group is the directory of a guest's control group.
func (g *guests) group(one *guest) string { return g.w.Programs.Groups.Dir(cgroup.Guest(one.name)) }
