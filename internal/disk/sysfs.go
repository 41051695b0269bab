package disk

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Names are the block devices of the machine that have a size, partitions left out.
func Names(sys fs.FS) (names []string) {
	entries, _ := fs.ReadDir(sys, "class/block")
	for _, e := range entries {
		if name := e.Name(); Attribute(sys, name, "partition") == "" && Number(sys, name, "size") > 0 {
			names = append(names, name)
		}
	}
	return names
}

// noDisks are devices that nobody keeps anything on, or that make noise when opened.
var noDisks = []string{"ram", "zram", "loop", "sr", "fd"}

// Keeps says whether a device is of a kind that people keep something on, by its name.
func Keeps(name string) bool { return !slices.Contains(noDisks, strings.TrimRight(name, "0123456789")) }

// Serial is a disk's serial number: of virtio and NVMe in a file of its own, of SCSI and SATA in the
// vital product data (SPC, page 80h: four octets of header); "" where it has none.
func Serial(sys fs.FS, disk string) string {
	for _, file := range []string{"serial", "device/serial", "device/vpd_pg80"} {
		b, err := fs.ReadFile(sys, path.Join("class/block", disk, file))
		if err != nil {
			continue
		}
		if file == "device/vpd_pg80" {
			b = b[min(4, len(b)):]
		}
		if s := printable(string(b)); s != "" {
			return s
		}
	}
	return ""
}

// Address is a disk's place in the machine, such as 0:0:1:0 or virtio3; "" where it has none.
func Address(sys fs.FS, disk string) string {
	target, err := fs.ReadLink(sys, path.Join("class/block", disk, "device"))
	if err != nil {
		return ""
	}
	return path.Base(target)
}

func printable(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s))
}

// Attribute is what a file of a block device in /sys says; "" where there is none.
func Attribute(sys fs.FS, name, file string) string {
	b, _ := fs.ReadFile(sys, path.Join("class/block", name, file))
	return strings.TrimSpace(string(b))
}

// Number is an attribute that is one; 0 where there is none.
func Number(sys fs.FS, name, file string) int64 {
	n, _ := strconv.ParseInt(Attribute(sys, name, file), 10, 64)
	return n
}

func children(sys fs.FS, name, dir string) (names []string) {
	entries, _ := fs.ReadDir(sys, path.Join("class/block", name, dir))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
