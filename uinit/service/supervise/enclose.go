package supervise

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// enclose makes all that is mounted read-only to the service, but for the places that it may write to, and gives it a /dev of its own.
// A read-only mount keeps nobody from devices, sockets and pipes that lie there.
func (e Sandbox) enclose() error {
	var devices, places []string
	for _, at := range e.Confined.Writable {
		if strings.HasPrefix(at, "/dev/") {
			devices = append(devices, at)
		} else {
			places = append(places, at)
		}
	}
	if !slices.Contains(places, "/dev") {
		if err := ownDevices(devices); err != nil {
			return fmt.Errorf("making devices: %w", err)
		}
		places = append(places, "/dev") // its /dev/shm
	}
	for _, at := range places {
		if err := e.separate(at); err != nil {
			return err
		}
	}
	writable, err := writableMounts(places)
	if err == nil {
		err = readOnly("/", unix.AT_RECURSIVE, true)
	}
	for _, at := range writable {
		// A mount that lies under another one can't be reached, and is no mount by its path.
		if now := readOnly(at, 0, false); !errors.Is(now, unix.EINVAL) && !errors.Is(now, unix.ENOENT) {
			err = errors.Join(err, now)
		}
	}
	if err != nil {
		return fmt.Errorf("making the root read-only: %w", err)
	}
	return nil
}

// separate makes a place a mount by itself, so that it can be written to where nothing else can. What is one already stays that: a
// second mount over it would keep its device from being unmounted.
func (e Sandbox) separate(at string) error {
	bad := func(err error) error { return fmt.Errorf("letting it write to %s: %w", at, err) }
	var now unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, at, 0, unix.STATX_TYPE, &now)
	if errors.Is(err, unix.ENOENT) && strings.HasPrefix(at, "/run/") {
		if err = e.makeFolder(at); err == nil {
			err = unix.Statx(unix.AT_FDCWD, at, 0, unix.STATX_TYPE, &now)
		}
	}
	if err != nil {
		return bad(err)
	}
	if now.Attributes&unix.STATX_ATTR_MOUNT_ROOT == 0 {
		if err := unix.Mount(at, at, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return bad(err)
		}
	}
	if at == "/proc" { // what is the kernel's own stays so unless it is asked for by name
		for _, kernel := range []string{"/proc/sys", "/proc/sysrq-trigger"} {
			if slices.Contains(e.Confined.Writable, kernel) {
				continue
			}
			err := unix.Mount(kernel, kernel, "", unix.MS_BIND, "")
			if err == nil {
				err = readOnly(kernel, 0, true)
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return bad(err)
			}
		}
	}
	return nil
}

// makeFolder makes a directory of the service's account.
func (e Sandbox) makeFolder(at string) error {
	if err := bounded.Make(at, 0o755); err != nil || e.Account == nil {
		return err
	}
	folder, err := bounded.Folder(at)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Chown(int(e.Account.Uid), int(e.Account.Gid))
}

// writableMounts are the mounts at and below some places, without those that are read-only for everybody.
func writableMounts(places []string) (all []string, err error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	table, err := mountinfo.GetMountsFromReader(f, nil)
	for _, m := range table {
		at := func(place string) bool { return spec.Within(m.Mountpoint, place) }
		if slices.ContainsFunc(places, at) && !slices.Contains(strings.Split(m.Options, ","), "ro") {
			all = append(all, m.Mountpoint)
		}
	}
	return all, err
}

// readOnly says whether the mount at a path, or all below it, can be written to (mount_setattr(2), since Linux 5.12).
func readOnly(at string, flags uint, yes bool) error {
	attr := unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}
	if yes {
		attr = unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	}
	if err := unix.MountSetattr(unix.AT_FDCWD, at, flags, &attr); err != nil {
		return &os.PathError{Op: "mount_setattr", Path: at, Err: err}
	}
	return nil
}

// ownDevices mounts a /dev with what every program may expect there, and some devices of the machine's. It is put together in /tmp, which
// is covered later.
func ownDevices(devices []string) error {
	const at = "/tmp"
	if err := unix.Mount("tmpfs", at, "tmpfs", unix.MS_NOSUID|unix.MS_NOEXEC, "mode=755"); err != nil {
		return err
	}
	var failed []error
	for name, minor := range map[string]uint32{"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9} { // Documentation/admin-guide/devices.txt
		failed = append(failed, makeDevice(at+"/"+name, 1, minor))
	}
	failed = append(failed, makeDevice(at+"/tty", 5, 0))
	for name, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"} {
		failed = append(failed, os.Symlink(target, at+"/"+name))
	}
	if to, err := os.Readlink("/dev/log"); err == nil { // the machine's log, and where its socket lies
		failed = append(failed, os.Symlink(to, at+"/log"))
		devices = append(devices, filepath.Join("/dev", filepath.Dir(to)))
	}
	failed = append(failed, os.Mkdir(at+"/shm", 0), os.Chmod(at+"/shm", 0o1777))
	if _, err := os.Stat("/dev/pts/ptmx"); err == nil {
		devices = append(devices, "/dev/pts")
	}
	for _, device := range devices {
		if err := bindInto(device, at+strings.TrimPrefix(device, "/dev")); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", device, err))
		}
	}
	return errors.Join(append(failed, unix.Mount(at, "/dev", "", unix.MS_MOVE, ""))...)
}

func makeDevice(at string, major, minor uint32) error {
	return errors.Join(unix.Mknod(at, unix.S_IFCHR, int(unix.Mkdev(major, minor))), os.Chmod(at, 0o666))
}

// bindInto shows a file or directory at another place, which is made.
func bindInto(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	err = os.MkdirAll(filepath.Dir(to), 0o755)
	if err == nil && info.IsDir() {
		err = os.MkdirAll(to, 0o755)
	} else if err == nil {
		err = os.WriteFile(to, nil, 0o600)
	}
	if err != nil {
		return err
	}
	return unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, "")
}
