package alone

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// box is a machine of disks that are files, with a tree like /sys.
type box struct {
	t     *testing.T
	sys   string
	files map[string]string
	reads atomic.Int64
}

func newBox(t *testing.T) *box { return &box{t: t, sys: t.TempDir(), files: map[string]string{}} }

func (b *box) write(name, text string) {
	b.t.Helper()
	file := filepath.Join(b.sys, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text+"\n"), 0o600)); err != nil {
		b.t.Fatal(err)
	}
}

// add adds a device of so many sectors; a partition begins with its disk's name and a slash.
func (b *box) add(name string, sectors int64, marks map[int64]string) {
	b.t.Helper()
	short := filepath.Base(name)
	dir := "devices/block/" + name
	b.write(dir+"/size", strconv.FormatInt(sectors, 10))
	b.write(dir+"/diskseq", "7")
	if short != name {
		b.write(dir+"/partition", "1")
	} else {
		b.write(dir+"/serial", "S-"+name)
		if !strings.Contains(name, "-") && !strings.HasPrefix(name, "loop") && !strings.HasPrefix(name, "md") {
			b.write(dir+"/device/model", "disk")
		}
	}
	link := filepath.Join(b.sys, "class/block", short)
	if err := errors.Join(os.MkdirAll(filepath.Dir(link), 0o755), os.Symlink("../../"+dir, link)); err != nil {
		b.t.Fatal(err)
	}
	file := filepath.Join(b.t.TempDir(), short)
	f, err := os.Create(file)
	if err != nil {
		b.t.Fatal(err)
	}
	for at, text := range marks {
		_, failed := f.WriteAt([]byte(text), at)
		err = errors.Join(err, failed)
	}
	if err := errors.Join(err, f.Truncate(sectors*512), f.Close()); err != nil {
		b.t.Fatal(err)
	}
	b.files[short] = file
}

func (b *box) disks() *Disks {
	return &Disks{Sys: os.DirFS(b.sys), Open: func(name string) (Device, error) {
		f, err := os.Open(b.files[name])
		return counted{f, &b.reads}, err
	}}
}

type counted struct {
	*os.File
	reads *atomic.Int64
}

func (c counted) ReadAt(p []byte, at int64) (int, error) {
	c.reads.Add(1)
	return c.File.ReadAt(p, at)
}

// super is a superblock of version 1 that lies at a sector, or of 0.90 that uses so many KiB.
func super(major uint32, sector uint64, used uint32) string {
	b := make([]byte, 4096)
	le := binary.LittleEndian
	le.PutUint32(b, 0xa92b4efc)
	le.PutUint32(b[4:], major)
	if major == 0 {
		le.PutUint32(b[32:], used)
	} else {
		copy(b[32:], "box:data")
		le.PutUint64(b[144:], sector)
	}
	return string(b)
}

const intel = "Intel Raid ISM Cfg Sig. 1.1.00"

const n = 16384 // sectors of most disks

// What belongs to an array is told, whichever device is asked; what is whole is not kept from anybody.
func TestCheck(t *testing.T) {
	b := newBox(t)
	b.add("plain", n, nil)
	b.add("plain/plain1", n-4096, nil)
	b.add("new", n, map[int64]string{4096: super(1, 8, 0)})
	b.add("end", n, map[int64]string{(n - 16) * 512: super(1, n-16, 0)})
	b.add("end/end1", 8192, nil)
	b.add("old", n, map[int64]string{(n - 128) * 512: super(0, 0, (n-128)/2)})
	b.add("old/old1", 8192, nil)
	b.add("isw", n, map[int64]string{(n - 2) * 512: intel})
	b.add("isw/isw1", 8192, nil)
	// Members that are partitions, up to the disk's end: the same sectors are the end of both.
	b.add("two", n, map[int64]string{(n - 16) * 512: super(1, n-2048-16, 0)})
	b.add("two/two1", 1024, nil)
	b.add("two/two2", n-2048, map[int64]string{(n - 2048 - 16) * 512: super(1, n-2048-16, 0)})
	mbr := make([]byte, 512)
	copy(mbr[510:], "\x55\xaa")
	row := mbr[446:]
	row[4] = 0xfd
	binary.LittleEndian.PutUint32(row[8:], 2048)
	binary.LittleEndian.PutUint32(row[12:], n-2048)
	b.add("three", n, map[int64]string{0: string(mbr), (n - 128) * 512: super(0, 0, (n-2048-128)/2)})
	b.add("three/three1", 1024, nil)
	b.add("three/three2", n-2048, map[int64]string{(n - 2048 - 128) * 512: super(0, 0, (n-2048-128)/2)})
	// Firmware signs disks; the last sectors of a partition are its own.
	b.add("four", n, nil)
	b.add("four/four1", n-2048, map[int64]string{(n - 2048 - 2) * 512: intel})
	// What is made of others.
	b.add("loop0", 8192, nil)
	b.write("devices/block/loop0/loop/backing_file", "/dev/end1")
	b.add("dm-0", 8192, nil)
	b.write("devices/block/dm-0/dm/name", "vg-lv")
	b.write("devices/block/dm-0/slaves/isw1/x", "")
	b.add("dm-1", 8192, nil)
	b.write("devices/block/dm-1/dm/name", "vg-other")
	b.write("devices/block/dm-1/slaves/plain1/x", "")
	b.add("md_data", 8192, nil)
	b.write("devices/block/md_data/md/array_state", "active")
	b.write("devices/block/md_data/slaves/new/x", "")
	b.add("md_data/md_data1", 4096, nil)
	// A member of an array that runs, which may not be read for it.
	b.add("busy", n, nil)
	b.write("devices/block/busy/holders/md_data/x", "")
	b.add("busy/busy1", 4096, nil)
	b.add("sr0", n, map[int64]string{4096: super(1, 8, 0)})
	b.add("tiny", 8, nil)
	d := b.disks()
	for name, want := range map[string]string{
		"plain": "", "plain1": "", "new": "new", "end": "end", "end1": "end", "old": "old", "old1": "old", "isw": "isw", "isw1": "isw",
		"two": "", "two1": "", "two2": "two2", "three": "", "three1": "", "three2": "three2", "four": "", "four1": "",
		"loop0": "end", "dm-0": "isw", "dm-1": "", "md_data": "", "md_data1": "", "busy": "busy", "busy1": "busy", "sr0": "", "tiny": "", "gone": "",
	} {
		err := d.Check(name)
		var e *MemberError
		if got := errors.As(err, &e); got != (want != "") || got && (e.Member != want || e.Device != name || e.Serial == "" && !strings.HasSuffix(want, "2")) {
			t.Errorf("%s: %+v, %v; want a member of %q", name, e, err, want)
		}
		if e != nil && e.Firmware() != (want == "isw") {
			t.Errorf("%s: firmware's: %v", name, e.Firmware())
		}
	}
	for name, want := range map[string]string{
		"end1":  `/dev/end1 lies on end, serial S-end, which carries the superblock of an array "box:data", and is not used by itself; where that array is no more, "mdadm --zero-superblock /dev/end" takes it away`,
		"isw":   `/dev/isw carries the mark of a firmware's array, a Matrix RAID (Intel), and is not used by itself; where that array is no more, "wipefs --all --types isw_raid_member /dev/isw" takes the mark away`,
		"busy1": `/dev/busy1 lies on busy, serial S-busy, which carries the superblock of an array that runs as /dev/md_data, and is not used by itself`,
	} {
		if err := d.Check(name); err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", name, err, want)
		}
	}
	if err := d.Disk("isw"); err != nil {
		t.Errorf("a disk lies on nothing: %v", err)
	}
}

// A disk without a firmware's mark is not looked through for one again, until it is another one; a member of an array that runs
// is not read at all.
func TestFewReads(t *testing.T) {
	b := newBox(t)
	b.add("vda", n, nil)
	b.add("vdb", n, nil)
	b.write("devices/block/vdb/holders/md0/x", "")
	b.add("md0", n, nil)
	b.write("devices/block/md0/md/level", "raid1")
	d := b.disks()
	count := func(name string) int64 {
		before := b.reads.Load()
		_ = d.Check(name)
		return b.reads.Load() - before
	}
	first, second := count("vda"), count("vda")
	if first > 12 || second > 3 {
		t.Errorf("%d reads, then %d", first, second)
	}
	f, err := os.OpenFile(b.files["vda"], os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, failed := f.WriteAt([]byte(intel), (n-2)*512)
	if err := errors.Join(failed, f.Close()); err != nil {
		t.Fatal(err)
	}
	b.write("devices/block/vda/diskseq", "8")
	if err := d.Check("vda"); err == nil {
		t.Error("the mark of another disk of that name is not seen")
	}
	if busy := count("vdb"); busy != 0 {
		t.Errorf("%d reads of a member of an array that runs", busy)
	}
}

// Sectors that cannot be read keep nobody from a disk.
func TestBadSectors(t *testing.T) {
	b := newBox(t)
	b.add("vda", n, nil)
	d := b.disks()
	d.Open = func(string) (Device, error) { return bad{}, nil }
	if err := d.Check("vda"); err != nil {
		t.Error(err)
	}
}

type bad struct{}

func (bad) ReadAt([]byte, int64) (int, error) { return 0, io.ErrNoProgress }
func (bad) Close() error                      { return nil }

// A path stands for the device that it leads to, whatever it is called; a file is nobody's member.
func TestCheckPath(t *testing.T) {
	sys := os.DirFS("/sys")
	entries, _ := os.ReadDir("/sys/class/block")
	var device string
	for _, e := range entries {
		if _, err := os.Stat("/dev/" + e.Name()); err == nil && !Never(e.Name()) && !IsPartition(sys, e.Name()) && Sectors(sys, e.Name()) > 4096 {
			device = e.Name()
		}
	}
	if device == "" {
		t.Skip("this machine has no disk in /dev")
	}
	link := filepath.Join(t.TempDir(), "some name")
	if err := os.Symlink("/dev/"+device, link); err != nil {
		t.Fatal(err)
	}
	d := &Disks{Sys: sys, Open: func(name string) (Device, error) {
		if name != device {
			t.Errorf("opened %s", name)
		}
		return leg{}, nil
	}}
	var e *MemberError
	if err := d.CheckPath(link); !errors.As(err, &e) || e.Device != device {
		t.Errorf("%s: %v", device, err)
	}
	// All of a disk is its partitions, too.
	b := newBox(t)
	b.add("sdz", n, nil)
	b.add("sdz/sdz1", 4096, map[int64]string{4096: super(1, 8, 0)})
	number, err := os.ReadFile("/sys/class/block/" + device + "/dev")
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(b.sys, "dev/block", strings.TrimSpace(string(number)))
	if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.Symlink("../../devices/block/sdz", at)); err != nil {
		t.Fatal(err)
	}
	if err := b.disks().CheckPath(link); err == nil || !strings.HasPrefix(err.Error(), "/dev/sdz has the partition sdz1, which carries the superblock of an array") {
		t.Errorf("a disk with a member: %v", err)
	}
	if err := b.disks().Check("sdz"); err != nil {
		t.Errorf("the disk itself: %v", err)
	}
	for _, path := range []string{"/dev/null", "/dev/nothing", filepath.Dir(link)} {
		if err := d.CheckPath(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// leg is a disk with a superblock of version 1.2.
type leg struct{}

func (leg) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	if at == 0 {
		copy(p[4096:], super(1, 8, 0))
	}
	return len(p), nil
}
func (leg) Close() error { return nil }
