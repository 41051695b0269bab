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
// work. A device that goes while it is worked on, or that an array takes, is waited for again.
func (m *Mount) Run(ctx context.Context) error {
	if mounted, err := Mounts(); err == nil && mounted.At(m.target) != nil {
		return nil
	}
	fs := FileSystem{Source: m.cfg.Source, Target: m.target, Type: m.cfg.Type}
	fs.Flags, fs.Data = wary(m.cfg)
	wanted := ParseSource(m.cfg.Source)
	// A bind has no device of its own, whatever its source is called.
	if fs.Flags&unix.MS_BIND != 0 || wanted.None {
		return m.use(ctx, wanted, fs, nil)
	}
	m.say(wanted.missing())
	for {
		source, parts, err := m.await(ctx, wanted)
		if err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
		fs.Source = source
		was := m.which(parts)
		if err = m.use(ctx, wanted, fs, parts); err == nil || ctx.Err() != nil || !m.lost(wanted, parts, was) {
			return err
		}
		m.say(fmt.Sprintf("%s: %s went, or was taken, before it was mounted: %v", wanted.missing(), source, err))
	}
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
