package container

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/seccomp"
)

// scratch is most that crun writes into a root that is read-only: places to mount on that the image lacks.
const scratch = "size=1m,mode=755"

// room is a mount namespace in which one container is put together: what is mounted for it goes with it. What the machine unmounts is
// unmounted there, too.
type room struct {
	*container
	layers  []string   // the lowest first
	volumes []*os.File // mounts that are nowhere yet
	ended   chan struct{}
}

// enter makes the room of this thread, which is never to be anything else.
func (r room) enter() error {
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
		return fmt.Errorf("making a mount namespace: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return fmt.Errorf("keeping mounts apart: %w", err)
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"showing volumes", r.mountVolumes}, {"putting its root together", r.mountRoot}, {"leaving the initramfs", leaveInitramfs},
		{"having mounts keep their flags", inherit.Thread},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// inherit has crun make the mounts of a container of those in its own namespace. What the room's mounts may not is locked there
// (mount_namespaces(7)); by open_tree(2) crun would take them from outside of it, and a system could have a volume that it is to read only
// writable again. Programs do without the call, as they did before Linux 5.2.
var inherit = slices.Concat(seccomp.Numbered(), seccomp.Filter{{Code: seccomp.JumpEqual, K: unix.SYS_OPEN_TREE, Jf: 1}, seccomp.Lack, seccomp.Allow})

// mountRoot lays the layers over each other, and over them what can be written to.
func (r room) mountRoot() error {
	top := filepath.Join(r.dir, "disk")
	if r.cfg.Root.Path == "" {
		if err := os.MkdirAll(top, 0o700); err != nil {
			return err
		}
		if err := unix.Mount("tmpfs", top, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, scratch); err != nil {
			return err
		}
		if err := makeTop(top, r.layers[len(r.layers)-1]); err != nil {
			return err
		}
	}
	root := r.bundle().Root()
	if err := os.MkdirAll(root, open); err != nil {
		return err
	}
	lower := slices.Clone(r.layers)
	slices.Reverse(lower)
	options := "lowerdir=" + strings.Join(lower, ":") + ",upperdir=" + top + "/upper,workdir=" + top + "/work"
	flags := uintptr(unix.MS_NODEV | unix.MS_NOSUID)
	if r.cfg.System || r.cfg.NewPrivileges {
		flags = unix.MS_NODEV
	}
	return unix.Mount("overlay", root, "overlay", flags, options)
}

// makeTop makes in a directory what overlayfs wants of a file system that can be written to. What is on top gives the root its owner and
// mode: those of the highest layer.
func makeTop(top, highest string) error {
	upper, work := filepath.Join(top, "upper"), filepath.Join(top, "work")
	if _, err := os.Stat(upper); err == nil {
		return nil
	}
	var below unix.Stat_t
	if err := unix.Stat(highest, &below); err != nil {
		return err
	}
	return errors.Join(os.Chmod(top, 0o700), os.MkdirAll(work, 0o700), os.MkdirAll(upper, 0o700), os.Chown(upper, int(below.Uid), int(below.Gid)), os.Chmod(upper, os.FileMode(below.Mode&0o777)))
}

// mountVolumes has the volumes at their places below the container's directory.
func (r room) mountVolumes() error {
	for i, tree := range r.volumes {
		to := r.bundle().Volume(i)
		if err := os.MkdirAll(to, open); err != nil {
			return err
		}
		if err := unix.MoveMount(int(tree.Fd()), "", unix.AT_FDCWD, to, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
			return fmt.Errorf("%s: move_mount: %w", tree.Name(), err)
		}
	}
	return nil
}

// leaveInitramfs makes the root a mount that crun can put away: pivot_root(2) takes none that has nothing below it, and the first root
// of a machine, which the kernel unpacked, has not (Documentation/filesystems/ramfs-rootfs-initramfs.rst).
func leaveInitramfs() error {
	const at = "/run/containers/.machine"
	if err := os.MkdirAll(at, 0o700); err != nil {
		return err
	}
	if err := unix.Mount("/", at, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	if err := unix.Chdir(at); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return err
	}
	return errors.Join(unix.Chroot("."), unix.Chdir("/"))
}
