package mount

import (
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/gptedit"
)

// partLabel is the name that a partition table gives a partition; the kernel puts it into
// the partition's events (part_uevent in block/partitions/core.c).
func partLabel(sys fs.FS, name string) string {
	text, _ := fs.ReadFile(sys, path.Join("class/block", name, "uevent"))
	for line := range strings.Lines(string(text)) {
		if label, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "PARTNAME="); ok {
			return label
		}
	}
	return ""
}

// partNumber finds a partition by its GUID on a disk, or by SIGNATURE-NUMBER where the disk
// has an old partition table, as blkid(8) has it; 0 where there is none such.
func partNumber(disk io.ReaderAt, sectors int64, uuid string) int {
	if t, err := gptedit.ReadEither(disk, sectors); err == nil {
		for _, p := range t.Partitions() {
			if p.GUID == uuid {
				return p.Number
			}
		}
		return 0
	}
	signature, number, ok := strings.Cut(uuid, "-")
	mbr := read(disk, 0, 512)
	if !ok || mbr == nil || mbr[510] != 0x55 || mbr[511] != 0xaa || signature != fmt.Sprintf("%08x", binary.LittleEndian.Uint32(mbr[440:])) {
		return 0
	}
	n, _ := strconv.ParseUint(number, 16, 8)
	return int(n)
}

// partition is the device of a disk's partition, where it is ready; "" otherwise.
func partition(sys fs.FS, disk string, number int) string {
	entries, _ := fs.ReadDir(sys, path.Join("class/block", disk))
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), disk) { // of the dozens of files there are
			continue
		}
		text, err := fs.ReadFile(sys, path.Join("class/block", disk, e.Name(), "partition"))
		if n, failed := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && failed == nil && n == number && alone.Ready(sys, e.Name()) {
			return device(e.Name())
		}
	}
	return ""
}
