package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/mount"
	"github.com/imgbuild/imgbuild/uinit/volume"
)

// disk is where a writable root is mounted.
func (one *container) disk() string { return filepath.Join(one.dir, "disk") }

// openDisk mounts what a root is written to, as the machine's own mounts are: waited for, looked at and made where there is none.
func (c *containers) openDisk(ctx context.Context, one *container) error {
	if one.cfg.Root.Path == "" {
		return nil
	}
	if mounted, err := mount.Mounts(); err != nil || mounted.At(one.disk()) != nil {
		return err
	}
	if err := os.MkdirAll(one.disk(), 0o700); err != nil {
		return err
	}
	var row spec.Mount
	defaults.Fill(&row)
	row.Source, row.Type, row.Create = one.cfg.Root.Path, "ext4", true
	row.Options = []string{"noinit_itable"} // to zero inodes gives their space back to whom it was taken from
	if one.cfg.Root.VolumeGroup() == "" {
		device, err := openFile(c.Machine.Now(), one.cfg.Root)
		if err != nil {
			return fmt.Errorf("opening its root %s: %w", one.cfg.Root.Path, err)
		}
		defer device.Close() // once it is mounted, the mount holds it
		row.Source = device.Name()
	}
	m := mount.New(one.disk(), row, mount.Deps{
		Sys: c.Disks.Sys, Alone: c.Disks.CheckPath, Turns: &c.turns, Seen: &c.seen, Wait: c.AwaitDisk, LoadModule: c.Kmod.Load, Format: c.Disks.Format,
		Activate: func(ctx context.Context, group string) error {
			return volume.Activate(ctx, c.Kmod.Load, c.Disks.Sys, c.Disks.Check, group)
		},
	})
	one.mounting.Store(m)
	defer one.mounting.Store(nil)
	if err := m.Run(ctx); ctx.Err() != nil && err != nil {
		return fmt.Errorf("its root %s: %w; %s", one.cfg.Root.Path, err, m.Waiting())
	} else if err != nil {
		return fmt.Errorf("its root %s: %w", one.cfg.Root.Path, err)
	}
	return one.fill()
}

// waiting says what a container waits for: its disk, or what its program does.
func (one *container) waiting() string {
	if m := one.mounting.Load(); m != nil {
		return m.Waiting()
	}
	return one.service.Waiting()
}

// prepareDisk makes what overlayfs wants of a root's disk, whose files belong to the container's accounts of today.
func (one *container) prepareDisk(layers []string) error {
	if one.cfg.Root.Path == "" {
		return nil
	}
	if err := makeTop(one.disk(), layers[len(layers)-1]); err != nil {
		return err
	}
	return disown(one.disk(), one.image.First)
}

// closeDisk lets go of a root's disk when the container has been stopped. Its mounts go a moment after its last process.
func (one *container) closeDisk(ctx context.Context) error {
	mounted, err := mount.Mounts()
	if err != nil || mounted.At(one.disk()) == nil {
		return err
	}
	device := mounted.At(one.disk()).Source
	if err := unix.Unmount(one.disk(), unix.UMOUNT_NOFOLLOW); err != nil {
		return fmt.Errorf("unmounting %s: %w", one.disk(), err)
	}
	ctx, cancel := context.WithTimeout(ctx, letGo)
	defer cancel()
	for {
		f, err := os.OpenFile(device, os.O_RDONLY|unix.O_EXCL, 0)
		if !errors.Is(err, unix.EBUSY) { // nobody has it, or there is no such device any more
			f.Close()
			return nil
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("letting go of %s: %w", device, err)
		}
	}
}

// letGo is how long the kernel may take for that.
const letGo = 5 * time.Second

// groups are the volume groups that roots lie in.
func groups(m *spec.Machine) (all []string) {
	for _, c := range m.Container {
		if group := c.Root.VolumeGroup(); group != "" && !slices.Contains(all, group) {
			all = append(all, group)
		}
	}
	return all
}
