package tree

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
)

// InvalidError is a file that no image can hold.
type InvalidError struct {
	File   File
	Reason string
}

func (e *InvalidError) Error() string {
	return fmt.Sprintf("%q (%s): %s", e.File.Path, reason(e.File), e.Reason)
}

// Bits of the mode that newc archives and the kernel's file systems know.
const keptBits = fs.ModeType | fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// normal checks f and brings it into the one form that equal files share.
func normal(f File) (File, error) {
	bad := func(text string) (File, error) { return f, &InvalidError{f, text} }
	if !fs.ValidPath(f.Path) || f.Path == "." {
		return bad(`the path must be clean and relative to the image's root, like "etc/passwd"`)
	}
	if strings.ContainsRune(f.Path+f.Link, 0) {
		return bad("a path or link target cannot hold a NUL byte")
	}
	f.Mode &= keptBits
	if f.Link != "" && f.Mode.Type() != fs.ModeSymlink {
		return bad("only a symbolic link has a link target")
	}
	switch f.Mode.Type() {
	case 0:
		if f.From == (Source{}) {
			f.Size = int64(len(f.Body))
		} else if len(f.Body) > 0 {
			return bad("content is given twice, as body and as source " + f.From.String())
		}
		if f.Size < 0 {
			return bad("the size is negative")
		}
		return f, nil
	case fs.ModeSymlink:
		if f.Link == "" {
			return bad("a symbolic link needs a target")
		}
		// Linux shows every link as 0777 and ignores what it is.
		f.Mode = fs.ModeSymlink | 0o777
	case fs.ModeDir, fs.ModeDevice, fs.ModeDevice | fs.ModeCharDevice, fs.ModeNamedPipe:
	default:
		return bad("an image holds regular files, directories, symbolic links, devices and pipes; this is " + f.Mode.Type().String())
	}
	if len(f.Body) > 0 {
		return bad("only a regular file has content")
	}
	f.Size = 0
	return f, nil
}

// same tells whether a and b are one file, whatever their reasons to be.
func same(a, b File) bool {
	return a.Mode == b.Mode && a.UID == b.UID && a.GID == b.GID && a.Link == b.Link &&
		a.Major == b.Major && a.Minor == b.Minor && a.Size == b.Size && sameContent(a, b)
}

func sameContent(a, b File) bool {
	if a.From == (Source{}) && b.From == (Source{}) {
		return bytes.Equal(a.Body, b.Body)
	}
	x, y := hash(a), hash(b)
	if x != "" && y != "" {
		return x == y
	}
	// Host is where the content happens to lie: the same member of the same
	// store is the same content wherever that is.
	a.From.Host, b.From.Host = "", ""
	a.From.SHA256, b.From.SHA256 = "", ""
	return a.From == b.From && a.From != (Source{})
}

// hash is the content's SHA-256 in hex, or "" where it is not known.
func hash(f File) string {
	if f.From != (Source{}) {
		return f.From.SHA256
	}
	sum := sha256.Sum256(f.Body)
	return hex.EncodeToString(sum[:])
}

// describe says what f is, in the words an error needs to tell it from another.
func describe(f File) string {
	switch perm := fmt.Sprintf("%04o", f.Mode.Perm()); f.Mode.Type() {
	case fs.ModeDir:
		return "a directory " + perm
	case fs.ModeSymlink:
		return "a link to " + f.Link
	case fs.ModeDevice:
		return fmt.Sprintf("block device %d:%d %s", f.Major, f.Minor, perm)
	case fs.ModeDevice | fs.ModeCharDevice:
		return fmt.Sprintf("character device %d:%d %s", f.Major, f.Minor, perm)
	case fs.ModeNamedPipe:
		return "a pipe " + perm
	default:
		return fmt.Sprintf("a file %s of %d bytes", perm, f.Size)
	}
}

// reason names who wants f: its Why, and its source where it has one.
func reason(f File) string {
	switch {
	case f.From == (Source{}) && f.Why == "":
		return "no reason given"
	case f.From == (Source{}):
		return f.Why
	case f.Why == "":
		return "from " + f.From.String()
	}
	return f.Why + ", from " + f.From.String()
}
