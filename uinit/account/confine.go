package account

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/imgbuild/imgbuild/internal/passwd"
	"golang.org/x/sys/unix"
)

// workbench is where a home is put together.
const workbench = "/run/uinit-home"

// Confine gives the home of an account a size in bytes where it lies in the root file system, which is in memory and
// holds what the machine itself must be able to write: it becomes a file system of its own, with what it holds.
// A home that is missing or lies elsewhere stays as it is, and so does one that does not fit.
func Confine(user string, size int64) error {
	bad := func(err error) error { return fmt.Errorf("giving the home of %s a size: %w", user, err) }
	a, err := passwd.Find("/etc", user)
	if err != nil {
		return bad(err)
	}
	var root, dir unix.Stat_t
	if unix.Stat("/", &root) != nil || unix.Lstat(a.Home, &dir) != nil || dir.Dev != root.Dev || dir.Mode&unix.S_IFMT != unix.S_IFDIR || dir.Ino == root.Ino {
		return nil
	}
	if err := os.MkdirAll(workbench, 0o700); err != nil {
		return bad(err)
	}
	defer os.Remove(workbench)
	if err := unix.Mount("tmpfs", workbench, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprintf("size=%d,nr_inodes=%d", size, size/4096)); err != nil {
		return bad(err)
	}
	err = copyTree(a.Home, workbench)
	if err == nil {
		// What is shared with services' mounts can't be moved.
		err = unix.Mount(workbench, a.Home, "", unix.MS_BIND, "")
	}
	if err = errors.Join(err, unix.Unmount(workbench, 0)); err != nil {
		return bad(err)
	}
	return nil
}

// copyTree copies what a directory holds, and whose it is, into one that is there.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(to, path[len(from):])
		switch info.Mode().Type() {
		case fs.ModeDir:
			if err = os.Mkdir(target, 0o700); target == filepath.Clean(to) {
				err = nil
			}
		case fs.ModeSymlink:
			var link string
			if link, err = os.Readlink(path); err == nil {
				err = os.Symlink(link, target)
			}
		case 0:
			err = copyFile(path, target)
		default:
			return fmt.Errorf("%s is neither a file nor a directory", path)
		}
		if err != nil {
			return err
		}
		owner := info.Sys().(*syscall.Stat_t)
		if err := os.Lchown(target, int(owner.Uid), int(owner.Gid)); err != nil || e.Type() == fs.ModeSymlink {
			return err
		}
		return os.Chmod(target, info.Mode()) // after Lchown, which takes special modes away
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
