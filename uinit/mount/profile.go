package mount

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Deps is what mounting needs of the machine.
type Deps struct {
	// Sys is the tree at /sys.
	Sys fs.FS
	// Wait calls ready now and whenever a device comes up.
	Wait func(ctx context.Context, ready func() (bool, error)) error
	// Alone returns why a device may not be used by itself, because it belongs to an array; nil: it may.
	Alone func(device string) error
	// Seen is what was read of devices for all mounts together.
	Seen *alone.Memo[Seen]
	// Turns are those of all mounts together.
	Turns *Turns
	// LoadModule loads what a file system type may need; that it is built in is no error.
	LoadModule func(name string) error
	// Activate brings up an LVM volume group that has all its disks.
	Activate func(ctx context.Context, group string) error
	// Format makes an ext4 file system on a device that is blank; nil where that is not to be had.
	Format func(ctx context.Context, who, device string) error
}

// Mount is a mount of the profile on its way to being mounted.
type Mount struct {
	target string
	cfg    spec.Mount
	deps   Deps
	step   atomic.Pointer[string]
}

// New makes ready to mount what the profile wants at a target.
func New(target string, cfg spec.Mount, deps Deps) *Mount {
	return &Mount{target: target, cfg: cfg, deps: deps}
}

// Run waits for the device and mounts it, once. What is mounted there already stays: a worker that crashed has done the
// work.
func (m *Mount) Run(ctx context.Context) error {
	if mounted, err := Mounts(); err == nil && mounted.At(m.target) != nil {
		return nil
	}
	fs := FileSystem{Source: m.cfg.Source, Target: m.target, Type: m.cfg.Type}
	fs.Flags, fs.Data = wary(m.cfg)
	wanted, parts := ParseSource(m.cfg.Source), []string(nil)
	// A bind has no device of its own, whatever its source is called.
	if !wanted.None && fs.Flags&unix.MS_BIND == 0 {
		m.say(wanted.missing())
		var err error
		if fs.Source, parts, err = m.await(ctx, wanted); err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	if wanted.Device != "" {
		if err := m.deps.Alone(fs.Source); err != nil {
			return fmt.Errorf("mounting %s: %w; accepted: source = \"array:NAME\"", m.target, err)
		}
	}
	elsewhere := false
	if !wanted.None && fs.Flags&unix.MS_BIND == 0 {
		done, err := m.deps.Turns.take(ctx, parts[0])
		if err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
		defer done()
		for _, device := range parts {
			if elsewhere, err = m.unheld(device); err != nil {
				return fmt.Errorf("mounting %s: %w", m.target, err)
			}
		}
	}
	if m.cfg.Create {
		m.say("the making of a file system on " + fs.Source)
		if err := m.format(ctx, fs.Source); err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	if m.cfg.Preened() && !elsewhere {
		m.say("the check of " + fs.Source)
		if err := preen(ctx, fs.Type, fs.Source); err != nil {
			return fmt.Errorf("not mounting %s: %w", m.target, err)
		}
	}
	if fs.Type != "" {
		_ = m.deps.LoadModule("fs-" + fs.Type) // the kernel's answer to mount(2) is the better error
	}
	if len(parts) > 1 {
		_ = m.deps.LoadModule("fs-btrfs")
		if err := scan(parts); err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	m.say("mount(2) of " + fs.Source)
	return attachBelow(fs)
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
