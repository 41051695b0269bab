package mount

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// virtual file systems hold nothing that could get lost, and programs need some of them to the end.
var virtual = []string{
	"rootfs", "proc", "sysfs", "devtmpfs", "devpts", "tmpfs", "ramfs", "cgroup2", "cgroup", "efivarfs",
	"securityfs", "debugfs", "tracefs", "bpf", "pstore", "configfs", "mqueue", "hugetlbfs", "autofs",
}

// Real returns the targets of file systems that hold data, the last mounted first. The image's own /usr is none:
// nothing is written to it, and programs of it are needed to the end.
func (t Table) Real() []string {
	var targets []string
	for _, m := range slices.Backward(t) {
		at, kind := m.Mountpoint, m.FSType
		own := kind == "squashfs" && (at == usrTarget || strings.HasPrefix(at, spec.EarlyDir+"/")) || kind == "overlay" && at == usrTarget
		if !own && !slices.Contains(virtual, kind) {
			targets = append(targets, at)
		}
	}
	return targets
}

// DetachAll unmounts every file system that holds data. One that is busy is made read-only, so
// that what is on it is whole. Calls hang on dead network servers and disks; then ctx ends it.
func DetachAll(ctx context.Context) error {
	table, err := Mounts()
	if err != nil {
		return err
	}
	return each(ctx, table.Real(), detach)
}

// each detaches targets one after the other, until ctx ends.
func each(ctx context.Context, targets []string, detach func(target string) error) error {
	var failed []error
	for _, target := range targets {
		done := make(chan error, 1)
		go func() { done <- detach(target) }()
		select {
		case err := <-done:
			failed = append(failed, err)
		case <-ctx.Done():
			return errors.Join(append(failed, fmt.Errorf("unmounting %s: no answer", target))...)
		}
	}
	return errors.Join(failed...)
}

func detach(target string) error {
	err := unix.Unmount(target, unix.UMOUNT_NOFOLLOW)
	if err == nil {
		return nil
	}
	if unix.Mount("", target, "", unix.MS_REMOUNT|unix.MS_RDONLY, "") == nil {
		return nil
	}
	return fmt.Errorf("unmounting %s: %w", target, err)
}
