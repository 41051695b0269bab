package mount

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// attachBelow mounts a file system of the profile where nothing is mounted yet; its target is made if need be. Target, and the
// source of a bind, may lie on another of these, where a link could lead into the system and put the file system over /etc.
func attachBelow(fs FileSystem) error {
	if mounted, err := Mounts(); err == nil && mounted.At(fs.Target) != nil {
		return nil // a second start of uinit finds the work of the first
	}
	bad := func(err error) error { return fmt.Errorf("mounting %s on %s: %w", fs.Type, fs.Target, err) }
	if err := bounded.Make(fs.Target, 0o755); err != nil {
		return bad(err)
	}
	target, err := bounded.Folder(fs.Target)
	if err != nil {
		return bad(err)
	}
	defer target.Close()
	if fs.Flags&unix.MS_BIND != 0 {
		source, err := bounded.Folder(fs.Source)
		if err != nil {
			return bad(err)
		}
		defer source.Close()
		fs.Source = fmt.Sprintf("/proc/self/fd/%d", source.Fd())
	}
	if err := patiently(func() error {
		return unix.Mount(fs.Source, fmt.Sprintf("/proc/self/fd/%d", target.Fd()), fs.Type, fs.Flags, fs.Data)
	}); err != nil {
		return bad(err)
	}
	return nil
}

// patiently tries again for a second: who looks whether somebody holds the device, a guest's start, say, holds it for a moment.
func patiently(mount func() error) error {
	for deadline := time.Now().Add(time.Second); ; time.Sleep(50 * time.Millisecond) {
		if err := mount(); !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			return err
		}
	}
}
