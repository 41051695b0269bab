package plan

import (
	"fmt"
	"io/fs"
	"slices"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// base is what every image holds whatever its profile says: directories, the
// device nodes that exist before devtmpfs does, and where programs look first.
func base() []tree.File {
	var files []tree.File
	dir := func(path string, perm fs.FileMode) {
		files = append(files, tree.File{Path: path, Mode: fs.ModeDir | perm, Why: "base layout"})
	}
	for _, d := range []string{"dev", "etc", "home", "mnt", "proc", "run", "srv", "sys", "usr", "usr/bin", "usr/lib", "usr/lib64", "usr/sbin", "var", "var/lib", "var/log"} {
		dir(d, 0o755)
	}
	dir("root", 0o700)
	dir("tmp", 0o777|fs.ModeSticky)

	// Debian's merged /usr: packages agree on it since release 12.
	for _, d := range []string{"bin", "sbin", "lib", "lib64"} {
		files = append(files, symlink(d, "usr/"+d, "merged /usr"))
	}
	files = append(files,
		symlink("var/run", "/run", "base layout"),
		symlink("etc/mtab", "/proc/self/mounts", "base layout"),
		device("dev/console", 5, 1, 0o600), // the kernel opens it for /init before anything is mounted
		device("dev/null", 1, 3, 0o666),
		device("dev/kmsg", 1, 11, 0o600))
	return files
}

// Directories are those that the profile's image has for itself whatever is in its packages, by absolute path. Their modes
// are not the profile's.
func Directories(p *profile.Profile) map[string]tree.File {
	dirs := map[string]tree.File{}
	for _, f := range slices.Concat(base(), accountFiles(p.User), shareFiles(p)) {
		if f.Mode.IsDir() {
			dirs["/"+MergedUsr(f.Path)] = f
		}
	}
	return dirs
}

func symlink(path, target, why string) tree.File {
	return tree.File{Path: path, Mode: fs.ModeSymlink | 0o777, Link: target, Why: why}
}

// device is a character device; numbers are those of the kernel's
// Documentation/admin-guide/devices.txt.
func device(path string, major, minor uint32, perm fs.FileMode) tree.File {
	return tree.File{Path: path, Mode: fs.ModeDevice | fs.ModeCharDevice | perm, Major: major, Minor: minor,
		Why: fmt.Sprintf("device node %d:%d", major, minor)}
}

func text(path string, perm fs.FileMode, body, why string) tree.File {
	return tree.File{Path: path, Mode: perm, Body: []byte(body), Size: int64(len(body)), Why: why}
}
