package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// at is where ways mount, and make what they need: a directory that the container can write to.
const at = "/tmp/at"

// where makes it.
func where() string {
	_ = os.MkdirAll(at, 0o755)
	return at
}

func init() {
	for kind, source := range map[string]string{
		"tmpfs": "none", "proc": "proc", "sysfs": "sysfs", "cgroup2": "none", "devpts": "devpts", "mqueue": "none", "debugfs": "none", "tracefs": "none",
		"securityfs": "none", "configfs": "none", "bpf": "none", "devtmpfs": "none", "binfmt_misc": "none", "ramfs": "none", "pstore": "none",
	} {
		ways["mount "+kind] = func() error { return unix.Mount(source, where(), kind, 0, "") }
	}
	ways["mount cgroup"] = releaseAgent
	ways["mount bind"] = func() error { return unix.Mount("/", where(), "", unix.MS_BIND|unix.MS_REC, "") }
	ways["mount overlay"] = func() error {
		return unix.Mount("none", where(), "overlay", 0, "lowerdir=/etc:/bin")
	}
	ways["mount shared"] = func() error { return unix.Mount("", "/", "", unix.MS_SHARED|unix.MS_REC, "") }
	ways["remount /"] = func() error { return remounted("/") }
	ways["remount / as a file system"] = func() error { return unix.Mount("", "/", "", unix.MS_REMOUNT, "") }
	ways["remount volume"] = func() error { return remounted("/shown") }
	ways["remount volume suid"] = func() error {
		return unix.Mount("", "/data", "", unix.MS_REMOUNT|unix.MS_BIND, "")
	}
	ways["remount hosts"] = func() error { _ = remounted("/etc/hosts"); return rewritten("/etc/hosts") }
	ways["unmount /proc/kcore"] = func() error { return unix.Unmount("/proc/kcore", 0) }
	ways["unmount /proc/sys"] = func() error { return unix.Unmount("/proc/sys", 0) }
	ways["unmount /"] = func() error { return unix.Unmount("/", unix.MNT_DETACH) }
	ways["move /"] = func() error { return unix.Mount("/", where(), "", unix.MS_MOVE, "") }
	ways["pivot_root"] = func() error { return unix.PivotRoot(".", ".") }
	ways["chroot"] = func() error { return unix.Chroot("/") }
	ways["fsopen"] = func() error { _, err := unix.Fsopen("tmpfs", 0); return err }
	ways["fspick"] = func() error { _, err := unix.Fspick(unix.AT_FDCWD, "/", 0); return err }
	ways["open_tree"] = func() error { _, err := unix.OpenTree(unix.AT_FDCWD, "/", unix.OPEN_TREE_CLONE); return err }
	ways["move_mount"] = func() error {
		fd, err := unix.OpenTree(unix.AT_FDCWD, "/", 0)
		if err != nil {
			return err
		}
		return unix.MoveMount(fd, "", unix.AT_FDCWD, where(), unix.MOVE_MOUNT_F_EMPTY_PATH)
	}
	ways["mount_setattr"] = func() error {
		return unix.MountSetattr(unix.AT_FDCWD, "/shown", 0, &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY})
	}
}

// remounted makes a mount writable, if only as this namespace has it.
func remounted(dir string) error {
	return unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_NOSUID|unix.MS_NODEV, "")
}

// releaseAgent has the kernel run a program of the container's when a control group of the first version is empty, as root of the machine
// (CVE-2022-0492).
func releaseAgent() error {
	var last error
	for _, controller := range []string{"rdma", "memory", "none,name=escape"} {
		if last = unix.Mount("none", where(), "cgroup", 0, controller); last != nil {
			continue
		}
		if last = os.WriteFile(at+"/release_agent", []byte("/escape"), 0); last == nil {
			return nil
		}
	}
	return last
}

// shown undoes what hides files of the kernel, as far as that goes.
func shown() {
	for _, dir := range []string{"/proc/sys", "/proc/sysrq-trigger", "/proc/kcore", "/proc/keys", "/proc/bus", "/sys/firmware"} {
		_ = unix.Unmount(dir, unix.MNT_DETACH)
	}
	_ = unix.Mount("", "/sys", "", unix.MS_REMOUNT|unix.MS_BIND, "")
	_ = unix.Mount("", "/sys/fs/cgroup", "", unix.MS_REMOUNT|unix.MS_BIND, "")
	_ = unix.Mount("", "/proc/sys", "", unix.MS_REMOUNT|unix.MS_BIND, "")
}
