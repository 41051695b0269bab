package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// within opens what lies in a directory, through no link at all: whoever may write on the way may be the one to be kept in, and his links are
// root's by the numbers on the disk (openat2(2)).
var within = unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS}

// openVolume opens a directory that lies in one of the machine's mounts, and makes it where it is missing.
func openVolume(m *spec.Machine, dir string) (*os.File, error) {
	mounted := dir
	for m.Mount[mounted].Type == "" && mounted != "/" {
		mounted = filepath.Dir(mounted)
	}
	at, err := os.OpenFile(mounted, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(strings.Trim(strings.TrimPrefix(dir, mounted), "/"), "/") {
		if name == "" {
			break
		}
		next, err := step(at, name)
		at.Close()
		if err != nil {
			return nil, &os.PathError{Op: "opening " + name + " of", Path: dir, Err: err}
		}
		at = next
	}
	return at, nil
}

func step(in *os.File, name string) (*os.File, error) {
	fd, err := unix.Openat2(int(in.Fd()), name, &within)
	if errors.Is(err, fs.ErrNotExist) {
		if err = unix.Mkdirat(int(in.Fd()), name, 0o755); err == nil || errors.Is(err, fs.ErrExist) { // another container made it meanwhile
			fd, err = unix.Openat2(int(in.Fd()), name, &within)
		}
	}
	switch {
	case errors.Is(err, unix.ELOOP):
		return nil, errors.New("it is a symbolic link, behind which anything may lie")
	case err != nil:
		return nil, err
	}
	return os.NewFile(uintptr(fd), filepath.Join(in.Name(), name)), nil
}

// takeVolumes are those of a container, in the order of their places in it, each a mount that is nowhere yet. With owners its accounts are
// seen as those of a user namespace.
func takeVolumes(m *spec.Machine, cfg spec.Container, owners *os.File) (taken []*os.File, err error) {
	for _, at := range graph.Names(cfg.Volume) {
		row := cfg.Volume[at]
		dir, err := openVolume(m, row.Path)
		if err == nil {
			var tree *os.File
			if tree, err = take(dir, row.ReadOnly, owners); err == nil {
				taken = append(taken, tree)
			}
			dir.Close()
		}
		if err != nil {
			closeAll(taken)
			return nil, fmt.Errorf("volume %s: %w", at, err)
		}
	}
	return taken, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// take is an open directory as a mount by itself (open_tree(2), mount_setattr(2)).
func take(dir *os.File, readOnly bool, owners *os.File) (*os.File, error) {
	fd, err := unix.OpenTree(int(dir.Fd()), "", unix.AT_EMPTY_PATH|unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("open_tree: %w", err)
	}
	tree := os.NewFile(uintptr(fd), dir.Name())
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
	if readOnly {
		attr.Attr_set |= unix.MOUNT_ATTR_RDONLY
	}
	if owners != nil {
		attr.Attr_set |= unix.MOUNT_ATTR_IDMAP
		attr.Userns_fd = uint64(owners.Fd())
	}
	if err = unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH, &attr); err == nil {
		return tree, nil
	}
	defer tree.Close()
	var about unix.Statfs_t
	if errors.Is(err, unix.EINVAL) && owners != nil && unix.Fstatfs(fd, &about) == nil {
		return nil, fmt.Errorf("its file system (type %#x) cannot show accounts by other numbers; accepted: ext4, xfs, btrfs, vfat", about.Type)
	}
	return nil, fmt.Errorf("mount_setattr: %w", err)
}
