package blank

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// sparse makes a file of holes.
func sparse(t *testing.T, size int64) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "disk"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestNewDisksAreBlank(t *testing.T) {
	for _, size := range []int64{512, 4096, 1 << 20, 16<<20 + 512, 64 << 20, 500107862016, 8 << 40} {
		if err := Check(t.Context(), sparse(t, size), size); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// made are devices with something on them, most with nothing in it yet: a file system's own copies are all there is.
// Of those that keep none a tenth is data.
var made = []struct {
	name, script string
	size         int64
	want         string // among what is said once both ends are lost
}{
	{"ext4", "mke2fs -q -F -t ext4 -L data -E lazy_itable_init=1 $f", 200 << 30, `ext4 backup superblock "data" at byte 134217728`},
	{"ext4 small", "mke2fs -q -F -t ext4 -b 1024 -L data $f", 96 << 20, `ext4 backup superblock "data" at byte 25166848`},
	{"ext4 of 2 KiB blocks", "mke2fs -q -F -t ext4 -b 2048 $f", 4 << 30, `ext4 backup superblock at byte 33554432`},
	{"ext4 sparse_super2", "mke2fs -q -F -t ext4 -O sparse_super2 -E lazy_itable_init=1 $f", 100 << 30, `ext4 backup superblock at byte 134217728`},
	{"ext4 bigalloc", "mke2fs -q -F -t ext4 -O bigalloc -E lazy_itable_init=1 $f", 100 << 30, `ext4 backup superblock at byte 2147483648`},
	{"ext2", "mke2fs -q -F -t ext2 -L old $f", 300 << 20, `ext2 backup superblock "old" at byte 25166848`},
	{"ext4 in a partition", "printf 'label: gpt\nstart=2048\n' | sfdisk -q $f; mke2fs -q -F -t ext4 -E offset=1048576,lazy_itable_init=1 $f 100G", 200 << 30, "ext4 backup superblock at byte 135266304"},
	{"xfs", "mkfs.xfs -q -L data $f", 200 << 30, `xfs backup superblock "data" at byte 53687091200`},
	{"xfs of 4 TiB and more", "mkfs.xfs -q -l size=64m $f", 5 << 40, `xfs backup superblock at byte 1099511623680`},
	{"xfs on many disks", "mkfs.xfs -q -d su=64k,sw=4 $f", 200 << 30, "xfs backup superblock at byte"},
	{"btrfs", "mkfs.btrfs -q -L data $f", 200 << 30, `btrfs backup superblock "data" at byte 67108864`},
	{"ntfs", "mkntfs -q -F -f -s 512 -p 0 -H 0 -S 0 $f", 200 << 30, "ntfs file record"},
	{"luks", filled, 512 << 20, "data at byte"},
	{"fat", filled, 512 << 20, "data at byte"},
	{"random", "head -c 100M /dev/urandom >$f", 100 << 20, "data at byte"},
}

const filled = "head -c 50M /dev/urandom | dd of=$f bs=1M seek=200 conv=notrunc status=none"

// Whoever has lost both ends of a disk still has the data, and finds it refused.
func TestUsedDisksAreNot(t *testing.T) {
	for _, m := range made {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			f := sparse(t, m.size)
			run(t, m.script, f.Name())
			for _, lost := range []int64{0, 1 << 20, 16 << 20} {
				punch(t, f, 0, lost)
				punch(t, f, m.size-lost, lost)
				err := Check(t.Context(), f, m.size)
				if used := (*Used)(nil); !errors.As(err, &used) || lost == 16<<20 && !strings.Contains(err.Error(), m.want) {
					t.Errorf("without %d bytes: %v, want %q", lost, err, m.want)
				}
			}
		})
	}
}

func run(t *testing.T, script, file string) {
	t.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Env = append(os.Environ(), "f="+file, "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s (.ci/install installs the tools): %v: %s", script, err, out)
	}
}

func punch(t *testing.T, f *os.File, at, n int64) {
	t.Helper()
	if n == 0 {
		return
	}
	if err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, at, n); err != nil {
		t.Fatal(err)
	}
}

// A second partition table is enough to have the partitions back, whatever the disk's sectors are.
func TestSecondTable(t *testing.T) {
	const size = 64 << 20
	f := sparse(t, size)
	run(t, "printf 'label: gpt\nstart=4MiB\n' | sfdisk -q $f", f.Name())
	punch(t, f, 0, 1<<20)
	refused := func(at int64) {
		t.Helper()
		if err := Check(t.Context(), f, size); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("gpt second table at byte %d", at)) {
			t.Errorf("with one at byte %d: %v", at, err)
		}
	}
	refused(size - 512)
	header := make([]byte, 92)
	if _, err := f.ReadAt(header, size-512); err != nil {
		t.Fatal(err)
	}
	punch(t, f, size-1<<20, 1<<20)
	binary.LittleEndian.PutUint64(header[24:], size/4096-1) // where it lies
	binary.LittleEndian.PutUint32(header[16:], 0)
	binary.LittleEndian.PutUint32(header[16:], crc32.ChecksumIEEE(header))
	if _, err := f.WriteAt(header, size-4096); err != nil {
		t.Fatal(err)
	}
	refused(size - 4096)
}

type reader func(b []byte, at int64) (int, error)

func (r reader) ReadAt(b []byte, at int64) (int, error) { return r(b, at) }

// Of a disk that is too slow, that answers no more, or that cannot be read, nobody knows whether it is blank.
func TestUnknown(t *testing.T) {
	for name, r := range map[string]reader{
		"slow":   func(b []byte, _ int64) (int, error) { time.Sleep(time.Second); return len(b), nil },
		"silent": func(b []byte, _ int64) (int, error) { time.Sleep(time.Hour); return len(b), nil },
		"broken": func(b []byte, at int64) (int, error) {
			if at > 1<<38 {
				return 0, errors.New("medium error")
			}
			return len(b), nil
		},
		"cut off": func(b []byte, at int64) (int, error) { return len(b) - 1, io.EOF },
	} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			err := Check(t.Context(), r, 1<<40)
			if used := (*Used)(nil); err == nil || errors.As(err, &used) || time.Since(begin) > Limit {
				t.Errorf("%s: %v after %v", name, err, time.Since(begin))
			}
			time.Sleep(2 * time.Hour) // until the one who waits for the disk has gone, too
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Check(ctx, sparse(t, 1<<20), 1<<20); err == nil {
		t.Error("whoever gave up is told that it is blank")
	}
}

// The places lie on the device, in order and apart, and few enough for a disk that turns: a hundred in a second.
func TestPlaces(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		size := dice.Int64N(1<<(9+dice.IntN(36))) + 1
		end, read := int64(-1), int64(0)
		list := Places(size)
		for _, p := range list {
			if p.At <= end || p.Size <= 0 || p.At%block != 0 || p.At+p.Size > size {
				t.Fatalf("of %d bytes: %v after byte %d", size, p, end)
			}
			end = p.At + p.Size
			read += p.Size
		}
		if end != size || len(list) > 1800 || read > 96<<20 {
			t.Errorf("of %d bytes: %d places, %d bytes of them, to %d", size, len(list), read, end)
		}
	}
}
