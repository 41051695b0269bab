// Package mount attaches file systems: those of the kernel that everything needs, and
// those of the profile. It also takes them down again.
package mount

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// FileSystem is one call of mount(2).
type FileSystem struct {
	Source, Target, Type string
	// Flags are MS_… of mount(2), Data the file system's own options.
	Flags uintptr
	Data  string
	// Optional: a kernel without it, or a machine without the hardware, is fine.
	Optional bool
}

const (
	noSuid = unix.MS_NOSUID
	strict = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
)

// Early is what a program needs to speak and to start another: devices, processes, the kernel's objects.
func Early() []FileSystem {
	return []FileSystem{
		{"devtmpfs", "/dev", "devtmpfs", noSuid, "mode=0755", false},
		{"proc", "/proc", "proc", strict, "", false},
		{"sysfs", "/sys", "sysfs", strict, "", false},
	}
}

// System is the rest of what programs expect of a Linux system. Everybody can write to /tmp and /dev/shm, so these
// have a size in bytes; 0 stands for the kernel's usual half of the memory.
func System(tmp, shm int64) []FileSystem {
	return []FileSystem{
		{"tmpfs", "/run", "tmpfs", noSuid | unix.MS_NODEV, "mode=0755", false},
		{"tmpfs", "/tmp", "tmpfs", noSuid | unix.MS_NODEV, sized("mode=1777", tmp), false},
		{"devpts", "/dev/pts", "devpts", unix.MS_NOSUID | unix.MS_NOEXEC, "mode=0620,gid=5,ptmxmode=0666", false},
		{"tmpfs", "/dev/shm", "tmpfs", noSuid | unix.MS_NODEV, sized("mode=1777", shm), false},
		{"cgroup2", "/sys/fs/cgroup", "cgroup2", strict, "nsdelegate", true},
		{"efivarfs", "/sys/firmware/efi/efivars", "efivarfs", strict, "", true},
	}
}

// sized adds a size in bytes to the options of a tmpfs (tmpfs(5)). Each file takes a kilobyte and more that the size does
// not count, so there is one for each page at most.
func sized(options string, size int64) string {
	if size <= 0 {
		return options
	}
	return fmt.Sprintf("%s,size=%d,nr_inodes=%d", options, size, size/4096)
}

// Attach mounts a file system where nothing is mounted yet; its target is made if need be.
func Attach(fs FileSystem) error {
	mounted, err := Mounts()
	if err == nil && mounted.At(fs.Target) != nil {
		return nil // a second start of uinit finds the work of the first
	}
	// Below /sys directories can't be made: one that is missing says that the machine has no such thing.
	if err := os.MkdirAll(fs.Target, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		if fs.Optional {
			return nil
		}
		return fmt.Errorf("mounting %s: %w", fs.Target, err)
	}
	err = unix.Mount(fs.Source, fs.Target, fs.Type, fs.Flags, fs.Data)
	if err == nil || fs.Optional && (errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EOPNOTSUPP)) {
		return nil
	}
	return fmt.Errorf("mounting %s on %s: %w", fs.Type, fs.Target, err)
}

// AttachAll mounts each in turn and goes on after a failure.
func AttachAll(list []FileSystem) error {
	var failed []error
	for _, fs := range list {
		failed = append(failed, Attach(fs))
	}
	return errors.Join(failed...)
}

// Share lets those who have mounts of their own see what the machine mounts and unmounts later (mount_namespaces(7)): a service would
// keep a device in use that nobody sees mounted.
func Share() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("sharing mounts: %w", err)
	}
	return nil
}

// Links makes what programs expect in /dev and devtmpfs does not give.
func Links() error {
	var failed []error
	for name, target := range map[string]string{
		"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1",
		"/dev/stderr": "/proc/self/fd/2", "/dev/ptmx": "pts/ptmx",
	} {
		if now, err := os.Readlink(name); err == nil && now == target {
			continue
		}
		// devtmpfs has a node ptmx, which opens the wrong instance of devpts.
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			failed = append(failed, err)
			continue
		}
		failed = append(failed, os.Symlink(target, name))
	}
	return errors.Join(failed...)
}
