package md

import (
	"io/fs"
	"path"
	"strings"

	"github.com/imgbuild/imgbuild/internal/alone"
)

// CopyTable makes of what "sfdisk --dump" prints of one disk what sfdisk takes for another: the same
// partitions, with identities of their own.
func CopyTable(dump string) string {
	var b strings.Builder
	for line := range strings.Lines(dump) {
		line = strings.TrimSpace(line)
		key, _, header := strings.Cut(line, ":")
		if header && !strings.HasPrefix(line, "/dev/") {
			switch strings.TrimSpace(key) {
			case "label-id", "device", "last-lba", "sector-size", "unit":
				continue
			}
			b.WriteString(line + "\n")
			continue
		}
		_, fields, row := strings.Cut(line, ":")
		if !row {
			continue
		}
		var kept []string
		for field := range strings.SplitSeq(fields, ",") {
			if field = strings.TrimSpace(field); !strings.HasPrefix(field, "uuid=") && field != "" {
				kept = append(kept, field)
			}
		}
		// The number stays, also where one before it is missing.
		device, _, _ := strings.Cut(line, ":")
		b.WriteString(partitionNumber(strings.TrimSpace(device)) + " : " + strings.Join(kept, ", ") + "\n")
	}
	return b.String()
}

func partitionNumber(device string) string {
	return device[len(strings.TrimRight(device, "0123456789")):]
}

// PartitionOf is the partition of one disk with the number that a partition has on another.
func PartitionOf(disk, other string) string {
	number := partitionNumber(other)
	if last := disk[len(disk)-1]; '0' <= last && last <= '9' {
		return disk + "p" + number
	}
	return disk + number
}

// Disk is the disk that a partition lies on; "" for a disk.
func Disk(sys fs.FS, device string) string {
	if attribute(sys, device, "partition") == "" {
		return ""
	}
	return alone.Disk(sys, device)
}

// Exists says whether there is such a device.
func Exists(sys fs.FS, device string) bool {
	_, err := fs.Stat(sys, path.Join("class/block", device))
	return device != "" && !strings.ContainsAny(device, "/.") && err == nil
}

// Describe returns a device as Look would, without a superblock.
func Describe(sys fs.FS, device string) Member {
	m := Member{Device: device, Number: attribute(sys, device, "dev"), Sectors: sectors(sys, device)}
	describe(sys, &m)
	m.Busy = held(sys, device)
	return m
}

// Partitions says whether a disk has any.
func Partitions(sys fs.FS, disk string) bool { return partitioned(sys, disk) }

// Check starts comparing the copies, or the parity, of an array that runs.
func Check(device string) error { return check(device, put) }

func check(device string, put func(file, text string) error) error {
	return put(path.Join("/sys/block", device, "md/sync_action"), "check")
}
