package deb

import (
	"io/fs"
	"path"
	"path/filepath"
	"strings"
)

// Tree is a package, unpacked.
type Tree struct {
	Package
	// Dir is its entry in the cache. Dir/root holds the directories, the regular files
	// and those symbolic links that stay within it; for everything else, and for
	// owners and modes, Files is what counts.
	Dir string
	// Files are sorted by path.
	Files []Entry
}

// Entry is a file of a package.
type Entry struct {
	// Path is relative to the root, on a system with /usr merged: what a package has
	// as ./sbin/mdadm is usr/sbin/mdadm.
	Path string
	// Mode holds type and permission bits.
	Mode fs.FileMode
	// UID and GID are the owner's numbers.
	UID, GID uint32
	// Link is the target of a symbolic link, as the package has it.
	Link string
	// Hardlink is the path of the entry of which this is another name.
	Hardlink string
	// Size in bytes and SHA256 in hex of a regular file.
	Size   int64
	SHA256 string
	// ELF is what a program or library asks of the dynamic loader; nil for others.
	ELF *ELF
	// Script is what stands after #! in the first line, such as "/usr/bin/env perl".
	Script string
}

// ELF is what a dynamically linked file needs (gABI chapter 5).
type ELF struct {
	// Interp is the loader of a program: /lib64/ld-linux-x86-64.so.2.
	Interp string
	// Needed are the names of libraries (DT_NEEDED).
	Needed []string
	// RunPath are the directories to look in first (DT_RUNPATH, else DT_RPATH), with
	// $ORIGIN as it stands.
	RunPath []string
}

// Host is where a regular file's content lies on this machine.
func (t Tree) Host(e Entry) string { return filepath.Join(t.Dir, "root", filepath.FromSlash(e.Path)) }

// mergedDirs are links into /usr on every Debian system since release 12, whatever
// packages say.
var mergedDirs = map[string]bool{"bin": true, "sbin": true, "lib": true, "lib32": true, "lib64": true, "libx32": true}

// canonical brings a path, absolute or relative to the root, into the form of
// Entry.Path. The root is ".". The path cannot leave the root.
func canonical(p string) string {
	p = strings.TrimPrefix(path.Clean("/"+p), "/")
	if p == "" {
		return "."
	}
	if first, _, _ := strings.Cut(p, "/"); mergedDirs[first] {
		return "usr/" + p
	}
	return p
}
