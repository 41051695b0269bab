package mount

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Box is what mounting needs of the machine.
type Box struct {
	// Sys is the tree at /sys.
	Sys fs.FS
	// Wait calls ready now and whenever a device comes up.
	Wait func(ctx context.Context, ready func() (bool, error)) error
	// LoadModule loads what a file system type may need; that it is built in is no error.
	LoadModule func(name string) error
	// Activate brings up an LVM volume group that has all its disks.
	Activate func(ctx context.Context, group string) error
}

// Mount is a row of the profile on its way to being mounted.
type Mount struct {
	target string
	row    spec.Mount
	box    Box
	step   atomic.Pointer[string]
}

// New makes ready to mount a row of the profile at a target.
func New(target string, row spec.Mount, box Box) *Mount {
	return &Mount{target: target, row: row, box: box}
}

// Run waits for the device and mounts it, once. What is mounted there already stays.
func (m *Mount) Run(ctx context.Context) error {
	fs := FileSystem{Source: m.row.Source, Target: m.target, Type: m.row.Type}
	fs.Flags, fs.Data = Options(m.row.Options)
	wanted := ParseSource(m.row.Source)
	// A bind has no device of its own, whatever its source is called.
	if !wanted.None && fs.Flags&unix.MS_BIND == 0 {
		m.say("no " + wanted.String())
		err := m.box.Wait(ctx, func() (found bool, err error) {
			fs.Source, err = Find(wanted, m.box.Sys, openReadOnly)
			if group := m.row.VolumeGroup(); group != "" && fs.Source == "" && err == nil {
				if failed := m.box.Activate(ctx, group); failed != nil {
					m.say(failed.Error())
					return false, nil // the next disk may be what is missing
				}
				fs.Source, err = Find(wanted, m.box.Sys, openReadOnly)
			}
			return fs.Source != "", err
		})
		if err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	if wanted.Device != "" {
		if err := bare(wanted.Device, fs.Source); err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	if !wanted.None && fs.Flags&unix.MS_BIND == 0 {
		if err := m.unheld(fs); err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	if m.row.Create {
		m.say("the making of a file system on " + fs.Source)
		if err := format(ctx, fs.Source); err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	if m.row.Fsck == spec.FsckPreen {
		m.say("the check of " + fs.Source)
		if err := m.preen(ctx, fs); err != nil {
			return err
		}
	}
	if fs.Type != "" {
		_ = m.box.LoadModule("fs-" + fs.Type) // the kernel's answer to mount(2) is the better error
	}
	m.say("mount(2) of " + fs.Source)
	return Attach(fs)
}

// preen checks what is not mounted already.
func (m *Mount) preen(ctx context.Context, fs FileSystem) error {
	if mounted, err := Mounts(); err == nil && mounted.At(m.target) != nil {
		return nil
	}
	if err := preen(ctx, fs.Type, fs.Source); err != nil {
		return fmt.Errorf("not mounting %s: %w", m.target, err)
	}
	return nil
}

// Waiting says what Run waits for.
func (m *Mount) Waiting() string {
	if s := m.step.Load(); s != nil {
		return *s
	}
	return ""
}

func (m *Mount) say(what string) { m.step.Store(&what) }

func openReadOnly(name string) (*os.File, error) {
	// Without O_NONBLOCK an optical drive would pull in its tray.
	return os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}
