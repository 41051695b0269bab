package image

import (
	"io/fs"
	"time"
)

// Entry is a file of an image, as a person or the kernel would see it.
type Entry struct {
	// Path is slash-separated, relative to the image: "esp/EFI/BOOT/BOOTX64.EFI",
	// "bin/sh". "." is a root with a mode of its own.
	Path string
	// Root is the path of the innermost image that the file lies in, "" for the whole:
	// absolute links are meant from there.
	Root string
	Mode fs.FileMode
	// Owner.
	UID, GID uint32
	ModTime  time.Time
	// Size of the content in bytes; 0 for all but regular files.
	Size int64
	// Link is a symbolic link's target.
	Link string
	// Same is an earlier name of the same file, whose content is this one's too.
	Same string
	// Major and Minor number a device node.
	Major, Minor uint32
	// Kind of a file that is an image itself: what it holds follows below its path.
	Kind Kind
	// Segment of an initramfs that the file lies in, and its compression.
	Segment     int
	Compression string
}
