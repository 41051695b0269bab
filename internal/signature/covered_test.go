package signature

import (
	"cmp"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A superblock of version 0.90 at a disk's end is that of the partition that ends there too, or else the disk's.
func TestOldSuperblockOfWhom(t *testing.T) {
	const size, disk = 16 << 20, 2<<14 - 128 // sectors: where the disk's superblock lies
	for name, tt := range map[string]struct {
		table string // for sfdisk
		super int64  // sector of a superblock that uses so many KiB
		used  uint32
		level uint32
		want  bool
		on    int64 // bytes of what the table was made for, where that is not the disk
	}{
		"no table":                                {"", disk, disk / 2, 1, true, 0},
		"of the last partition":                   {"label: dos\nstart=2048", disk, (disk - 2048) / 2, 1, false, 0},
		"of the last logical partition":           {"label: dos\nstart=2048,size=2048\nstart=4096,type=5\nstart=6144", disk, (disk - 6144) / 2, 1, false, 0},
		"of the last partition of a GPT":          {"label: gpt\nlast-lba: 32734\nstart=2048,size=30686", 32512, 0, 0, false, 0},
		"of the disk, whose array has a table":    {"label: gpt\nlast-lba: 32000\nstart=2048,size=20480", disk, disk / 2, 1, true, 0},
		"of the disk, whose array has an old one": {"label: dos\nstart=2048,size=20480", disk, disk / 2, 1, true, 0},
		// Somebody made an array of a disk that had partitions up to its end.
		"of the disk, whose table is older": {"label: dos\nstart=2048", disk, disk / 2, 1, true, 0},
		"of the disk, begun at sector 63":   {"label: dos\nstart=63", disk, disk / 2, 1, true, 0},
		// A stripe over two such disks, and what lies in it.
		"of the disk, whose stripe has a table":            {"label: dos\nstart=2048,size=60000", disk, 0, 0, true, 2 * size},
		"of the disk, whose stripe has two partitions":     {"label: dos\nstart=2048,size=30720\nstart=32768,size=30000", disk, 0, 0, true, 2 * size},
		"of the disk, whose stripe has a logical one":      {"label: dos\nstart=2048,size=2048\nstart=4096,size=60000,type=5\nstart=6144,size=50000", disk, 0, 0, true, 2 * size},
		"of the disk, whose stripe has a GPT":              {"label: gpt\nstart=2048,size=60000", disk, 0, 0, true, 2 * size},
		"of the disk, the larger one of a RAID 5":          {"label: dos\nstart=2048,size=60000", disk, disk/2 - 2048, 5, true, 2 * size},
		"of the last partition, of a disk larger once":     {"label: dos\nstart=2048,size=60000", disk, (disk - 2048) / 2, 1, false, 2 * size},
		"of the last partition, which is part of a stripe": {"label: dos\nstart=2048", disk, 0, 0, false, 0},
		"of a larger disk":                                 {"", disk, disk/2 + 64, 1, false, 0},
	} {
		file := filepath.Join(t.TempDir(), "disk")
		if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, cmp.Or(tt.on, size))); err != nil {
			t.Fatal(err)
		}
		if tt.table != "" {
			cmd := exec.Command("sfdisk", "--quiet", file)
			cmd.Stdin = strings.NewReader(tt.table + "\n")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: sfdisk: %v: %s", name, err, out)
			}
			if err := os.Truncate(file, size); err != nil {
				t.Fatal(err)
			}
		}
		f, err := os.OpenFile(file, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 4096)
		little.PutUint32(b, MDMagic)
		little.PutUint32(b[8:], 90)
		little.PutUint32(b[28:], tt.level)
		little.PutUint32(b[32:], tt.used)
		if _, err := f.WriteAt(b, tt.super*512); err != nil {
			t.Fatal(err)
		}
		found, err := Arrays(f, size)
		if (len(found) == 1) != tt.want || err != nil {
			t.Errorf("%s: %v, %v; it is the disk's: %v", name, found, err, tt.want)
		}
		f.Close()
	}
}
