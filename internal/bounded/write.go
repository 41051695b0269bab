package bounded

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Write puts a file in place as a whole and returns when it is on the disk. Whatever had its name before goes, but for
// a folder; a link is not followed. mode is less the umask.
func Write(path string, text []byte, mode os.FileMode) error {
	return Fill(path, mode, func(f *os.File) error {
		_, err := f.Write(text)
		return err
	})
}

// Fill is Write for a file whose content, and what else belongs to it, comes from fill.
func Fill(path string, mode os.FileMode, fill func(*os.File) error) error {
	return fresh(path, mode, fill, unix.Renameat)
}

// FillNew is Fill for a file that must not be there: the error is os.ErrExist where anything has its name.
func FillNew(path string, mode os.FileMode, fill func(*os.File) error) error {
	return fresh(path, mode, fill, func(folder int, temp string, _ int, name string) error {
		err := unix.Renameat2(folder, temp, folder, name, unix.RENAME_NOREPLACE)
		if errors.Is(err, unix.EINVAL) { // NFS knows no such renaming, but another name for the file
			if err = unix.Linkat(folder, temp, folder, name, 0); err == nil {
				err = unix.Unlinkat(folder, temp, 0)
			}
		}
		return err
	})
}

// fresh fills a new file under another name, then gives it its own. It does what renameio does, and three things more: it follows no
// link on the way to the folder, what a crash leaves behind has one name and goes with the next writing, and the name is on the disk, too.
func fresh(path string, mode os.FileMode, fill func(*os.File) error, rename func(int, string, int, string) error) error {
	folder, name, err := parent(path)
	if err != nil {
		return err
	}
	defer unix.Close(folder)
	temp := "." + name + ".new"
	bad := func(err error) error {
		if err == nil {
			return nil
		}
		return fmt.Errorf("writing %s: %w", path, err)
	}
	// What a crash has left, or somebody has put there. Nothing that is there is ever opened.
	if err := unix.Unlinkat(folder, temp, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return bad(fmt.Errorf("making way for %s: %w", temp, err))
	}
	fd, err := unix.Openat(folder, temp, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, uint32(mode.Perm()))
	if err != nil {
		return bad(err)
	}
	f := os.NewFile(uintptr(fd), path)
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = rename(folder, temp, folder, name)
	}
	if err != nil {
		_ = unix.Unlinkat(folder, temp, 0)
		return bad(err)
	}
	// The name is on the disk only with its folder; file systems without that say EINVAL.
	if err := unix.Fsync(folder); err != nil && !errors.Is(err, unix.EINVAL) {
		return bad(err)
	}
	return nil
}

// Remove removes a file, or what else has its name, but for a folder. What a link points to stays.
func Remove(path string) error {
	folder, name, err := parent(path)
	if err != nil {
		return err
	}
	defer unix.Close(folder)
	if err := unix.Unlinkat(folder, name, 0); err != nil {
		return &os.PathError{Op: "removing", Path: path, Err: err}
	}
	return nil
}
