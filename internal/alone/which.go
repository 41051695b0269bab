package alone

import (
	"fmt"
	"io/fs"
	"path"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/disk"
)

// Which tells what a path leads to from all that had its name before or gets it later: a stick that was pulled and put back, another
// medium, a partition that the kernel took away and shows again. It is "" of what is not there. A node in /dev is made anew with each
// device that comes up (drivers/base/devtmpfs.c), and media are counted (Documentation/ABI/stable/sysfs-block, diskseq).
func Which(sys fs.FS, device string) string {
	var st unix.Stat_t
	if unix.Stat(device, &st) != nil {
		return ""
	}
	which := fmt.Sprint(st.Dev, st.Ino, st.Rdev)
	if name := nameOf(sys, &st); name != "" {
		which += " " + disk.Attribute(sys, Disk(sys, name), "diskseq")
	}
	return which
}

// nameOf is the name in /sys/class/block of a block device that has been asked about: its name in /dev may be of somebody's
// choice, as /dev/mapper/vg-lv. It is "" of what is none.
func nameOf(sys fs.FS, st *unix.Stat_t) string {
	if st.Mode&unix.S_IFMT != unix.S_IFBLK {
		return ""
	}
	target, err := fs.ReadLink(sys, fmt.Sprintf("dev/block/%d:%d", unix.Major(st.Rdev), unix.Minor(st.Rdev)))
	if err != nil {
		return ""
	}
	return path.Base(target)
}

// HeldPath is Held for a path; what is no block device is held by nobody.
func HeldPath(sys fs.FS, device string) bool {
	var st unix.Stat_t
	if unix.Stat(device, &st) != nil {
		return false
	}
	name := nameOf(sys, &st)
	return name != "" && Held(sys, name)
}
