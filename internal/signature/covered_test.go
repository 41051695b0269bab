package signature

import (
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
		want  bool
	}{
		"no table":                                {"", disk, disk / 2, true},
		"of the last partition":                   {"label: dos\nstart=2048", disk, (disk - 2048) / 2, false},
		"of the last logical partition":           {"label: dos\nstart=2048,size=2048\nstart=4096,type=5\nstart=6144", disk, (disk - 6144) / 2, false},
		"of the last partition of a GPT":          {"label: gpt\nlast-lba: 32734\nstart=2048,size=30686", 32512, 0, false},
		"of the disk, whose array has a table":    {"label: gpt\nlast-lba: 32000\nstart=2048,size=20480", disk, disk / 2, true},
		"of the disk, whose array has an old one": {"label: dos\nstart=2048,size=20480", disk, disk / 2, true},
		// Somebody made an array of a disk that had partitions up to its end.
		"of the disk, whose table is older": {"label: dos\nstart=2048", disk, disk / 2, true},
		"of the disk, begun at sector 63":   {"label: dos\nstart=63", disk, disk / 2, true},
		"of a larger disk":                  {"", disk, disk/2 + 64, false},
	} {
		file := filepath.Join(t.TempDir(), "disk")
		if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, size)); err != nil {
			t.Fatal(err)
		}
		if tt.table != "" {
			cmd := exec.Command("sfdisk", "--quiet", file)
			cmd.Stdin = strings.NewReader(tt.table + "\n")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: sfdisk: %v: %s", name, err, out)
			}
		}
		f, err := os.OpenFile(file, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 4096)
		little.PutUint32(b, MDMagic)
		little.PutUint32(b[8:], 90)
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
