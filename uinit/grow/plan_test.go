package grow

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/gptedit"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/spec"
)

const (
	diskGUID  = "0abcdef1-1111-4222-8333-0123456789ab"
	stateGUID = "0abcdef1-1111-4222-8333-0123456789ac"
)

var want = spec.Growth{Disk: diskGUID, Partition: stateGUID, Mount: "/state"}

// tables makes a disk of 4 MiB with sgdisk, an independent hand, and enlarges it by more bytes.
func tables(t *testing.T, more int64, args ...string) []byte {
	t.Helper()
	tool := needed.Program(t, "sgdisk")
	file := filepath.Join(t.TempDir(), "disk")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 4<<20)); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"-a", "1", "-U", diskGUID, "-n", "1:34:2047", "-n", "2:2048:+1M", "-u", "2:" + stateGUID, "-A", "2:set:63"}, append(args, file)...)
	if out, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
		t.Fatalf("sgdisk: %v\n%s", err, out)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return append(b, make([]byte, more)...)
}

// fake is a disk in memory with one partition in use. Power fails after so many sectors are written.
type fake struct {
	disk          []byte
	known, blocks int64
	block         int64
	left          int // sectors; negative: no end
	done          []string
}

var errPower = errors.New("power failed")

func (f *fake) Observe() (State, error) {
	s := State{Sectors: int64(len(f.disk)) / 512, Number: 2, Start: 2048, Known: f.known, FileSystem: f.blocks, Block: f.block}
	r := bytes.NewReader(f.disk)
	s.Table, _ = gptedit.Read(r)
	s.Backup, _ = gptedit.ReadBackup(r, s.Sectors)
	return s, nil
}

func (f *fake) Do(op Op) error {
	switch op := op.(type) {
	case Write:
		for at := 0; at < len(op.Bytes); at += 512 {
			if f.left == 0 {
				return errPower
			}
			f.left--
			copy(f.disk[int(op.Offset)+at:], op.Bytes[at:at+512])
		}
	case ResizePartition:
		f.known = op.Sectors
	case ResizeFileSystem:
		f.blocks = op.Blocks
	}
	f.done = append(f.done, op.String())
	return nil
}

func newFake(disk []byte) *fake {
	return &fake{disk: disk, known: 2048, blocks: 256, block: 4096, left: -1}
}

// verified asks sgdisk whether a disk is in order.
func verified(t *testing.T, disk []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(file, disk, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("sgdisk", "-v", file).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "No problems found") {
		t.Errorf("sgdisk: %v\n%s", err, out)
	}
}

func TestConverge(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		more  int64
		args  []string
		left  bool // nothing may be done
		ops   int
		bytes int64
	}{
		"larger disk":              {more: 6 << 20, ops: 4, bytes: 8 << 20},
		"hardly larger":            {more: 512, ops: 4, bytes: 2 << 20},
		"as large as the image":    {args: []string{"-d", "2", "-n", "2:2048:6143", "-u", "2:" + stateGUID}, ops: 2, bytes: 2 << 20},
		"partition behind":         {more: 6 << 20, args: []string{"-n", "3:6144:+512K"}, left: true},
		"another disk":             {more: 6 << 20, args: []string{"-U", "11111111-1111-4222-8333-0123456789ab"}, left: true},
		"another partition":        {more: 6 << 20, args: []string{"-u", "2:11111111-1111-4222-8333-0123456789ab"}, left: true},
		"partition somewhere else": {more: 6 << 20, args: []string{"-d", "2", "-n", "2:4096:+512K", "-u", "2:" + stateGUID}, left: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(tables(t, tt.more, tt.args...))
			before := bytes.Clone(f.disk)
			r, err := Converge(f, want)
			if tt.left {
				if !errors.Is(err, ErrLeft) || len(f.done) != 0 || !bytes.Equal(f.disk, before) {
					t.Errorf("%v; done: %q", err, f.done)
				}
				return
			}
			if err != nil || len(f.done) != tt.ops || r.After != tt.bytes || f.known*512 != tt.bytes || f.blocks*4096 != tt.bytes {
				t.Errorf("%+v, %v; %d sectors, %d blocks; done: %q", r, err, f.known, f.blocks, f.done)
			}
			if tt.more > 0 {
				verified(t, f.disk)
			}
			if again, err := Converge(f, want); err != nil || len(again.Done) != 0 || again.After != tt.bytes {
				t.Errorf("a second time: %+v, %v", again, err)
			}
		})
	}
}

// Wherever power fails, one table is whole and holds the partition, and the next boot ends the work.
func TestPowerFails(t *testing.T) {
	t.Parallel()
	start := tables(t, 6<<20)
	const sectors = 33 + 34
	for left := range sectors + 1 {
		f := newFake(bytes.Clone(start))
		f.left = left
		if _, err := Converge(f, want); (left < sectors) != errors.Is(err, errPower) {
			t.Fatalf("power for %d sectors: %v", left, err)
		}
		have, _ := f.Observe()
		if have.Table == nil && have.Backup == nil {
			t.Fatalf("power for %d sectors: no table is whole", left)
		}
		whole := have.Table
		if whole == nil {
			whole = have.Backup
		}
		if p := whole.Partitions(); len(p) != 2 || p[1].GUID != stateGUID || p[1].First != 2048 {
			t.Fatalf("power for %d sectors: %+v", left, p)
		}
		f.left = -1
		f.known, f.blocks = whole.Partitions()[1].Last-2047, 256 // as the kernel sees it at the next boot
		if r, err := Converge(f, want); err != nil || f.known*512 != 8<<20 || f.blocks*4096 != 8<<20 {
			t.Fatalf("after power for %d sectors: %+v, %v", left, r, err)
		}
		if left%16 == 0 {
			verified(t, f.disk)
		}
	}
}

// A file system that cannot grow while mounted is left; its partition grows.
func TestOtherFileSystem(t *testing.T) {
	t.Parallel()
	f := newFake(tables(t, 6<<20))
	f.block, f.blocks = 0, 0
	if _, err := Converge(f, want); err != nil || f.known*512 != 8<<20 || f.blocks != 0 {
		t.Errorf("%v; %d sectors, %d blocks", err, f.known, f.blocks)
	}
}

func TestSuperblock(t *testing.T) {
	b := make([]byte, 2048)
	le := binary.LittleEndian
	le.PutUint16(b[1024+0x38:], 0xef53)
	le.PutUint32(b[1024+0x04:], 7)
	le.PutUint32(b[1024+0x18:], 2)
	le.PutUint32(b[1024+0x150:], 1)
	for incompat, want := range map[uint32]string{0: "0 0 <nil>", 0x40: "7 4096 <nil>", 0xc0: "4294967303 4096 <nil>"} {
		le.PutUint32(b[1024+0x60:], incompat)
		blocks, block, err := superblock(bytes.NewReader(b))
		if got := fmt.Sprint(blocks, block, err); got != want {
			t.Errorf("features %#x: %s, want %s", incompat, got, want)
		}
	}
	if _, _, err := superblock(bytes.NewReader(b[:1500])); err == nil {
		t.Error("half a superblock was read")
	}
}
