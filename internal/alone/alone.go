// Package alone says whether a block device may be used by itself. One that belongs to an array may not, and neither may a
// partition of such a disk: what lies on it looks whole, and whoever writes to it alone makes the copies differ,
// and nobody knows then which to believe.
package alone

import (
	"io"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/direct"
	"github.com/imgbuild/imgbuild/internal/disk"
	"github.com/imgbuild/imgbuild/internal/signature"
)

// Device is an open disk or partition.
type Device interface {
	io.ReaderAt
	io.Closer
}

// Disks answers for the block devices of a machine, by their names in /sys/class/block. It may be used from any goroutine.
type Disks struct {
	// Sys is the tree at /sys.
	Sys fs.FS
	// Open opens a device for reading past the page cache: of one that was in use the cache may be old.
	Open func(name string) (Device, error)

	mu sync.Mutex
	// plain are disks without a firmware's mark, by name, as of a sequence number that the kernel counts up with each
	// medium (Documentation/ABI/stable/sysfs-block, diskseq). No firmware makes arrays while we run.
	plain map[string]string
	// marks are those of Linux's own arrays; nil: none.
	marks Memo[*signature.Found]
}

// Check returns nil where a device may be used by itself, or a *MemberError. It looks at the device, at the disk of
// a partition, and at what a mapped or loop device is made of. What cannot be read is no member: a
// sector gone bad at its end is no reason not to use a disk.
func (d *Disks) Check(name string) error { return d.check(name, name, 0) }

// mostDeep is how deep devices are made of each other: a partition of a loop device on a volume of a partition is five deep.
const mostDeep = 8

func (d *Disks) check(asked, name string, depth int) error {
	if e := d.Member(name); e != nil {
		e.Device = asked
		return e
	}
	for _, below := range MadeOf(d.Sys, name) {
		if depth < mostDeep {
			if err := d.check(asked, below, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// CheckPath is Check for a path, and refuses a disk that has a member among its partitions, too: a guest would get all of it. What is no
// block device, or not there, is nobody's member.
func (d *Disks) CheckPath(device string) error {
	var st unix.Stat_t
	if unix.Stat(device, &st) != nil {
		return nil
	}
	name := nameOf(d.Sys, &st)
	if name == "" {
		return nil
	}
	for _, part := range Partitions(d.Sys, name) {
		if e := d.Member(part); e != nil {
			e.Device, e.Within = name, true
			return e
		}
	}
	return d.Check(name)
}

// Disk is Check for what a device lies on, without the device itself.
func (d *Disks) Disk(name string) error {
	for _, below := range MadeOf(d.Sys, name) {
		if err := d.check(name, below, 1); err != nil {
			return err
		}
	}
	return nil
}

// Member says what array a device itself is a member of; nil: of none.
func (d *Disks) Member(name string) *MemberError {
	if Never(name) || Sectors(d.Sys, name) == 0 {
		return nil
	}
	if array := holder(d.Sys, name); array != "" { // the driver has read it
		return d.member(name, signature.Found{Type: linux, Kind: signature.RAID}, array)
	}
	if found, _ := d.marks.Of(d.Sys, name, func() (*signature.Found, error) { return d.look(name, signature.Arrays) }); found != nil {
		return d.member(name, *found, "")
	}
	return d.Firmware(name)
}

// Firmware says what array of a firmware's a disk is a member of; nil: of none, as all that is no disk of its own: partitions, and
// what software makes.
func (d *Disks) Firmware(name string) *MemberError {
	return d.firmware(name, func() (*signature.Found, error) { return d.look(name, signature.Firmware) })
}

// FirmwareIn is Firmware for who has opened the disk already, and reads it with r.
func (d *Disks) FirmwareIn(name string, r io.ReaderAt) *MemberError {
	return d.firmware(name, func() (*signature.Found, error) { return first(signature.Firmware(r, Sectors(d.Sys, name)*512)) })
}

func (d *Disks) firmware(name string, look func() (*signature.Found, error)) *MemberError {
	seq := disk.Attribute(d.Sys, name, "diskseq")
	if Never(name) || Sectors(d.Sys, name) == 0 || !hardware(d.Sys, name) || seq != "" && d.known(name) == seq {
		return nil
	}
	found, err := look()
	if found != nil {
		return d.member(name, *found, "")
	}
	if err == nil {
		d.note(name, seq)
	}
	return nil
}

func (d *Disks) member(name string, found signature.Found, array string) *MemberError {
	return &MemberError{Device: name, Member: name, Serial: disk.Serial(d.Sys, Disk(d.Sys, name)), Found: found, Array: array}
}

// look reads a few blocks at a device's start and its end.
func (d *Disks) look(name string, probe func(io.ReaderAt, int64) ([]signature.Found, error)) (*signature.Found, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size := Sectors(d.Sys, name) * 512
	return first(probe(direct.Blocks(f, size), size))
}

func first(found []signature.Found, err error) (*signature.Found, error) {
	if len(found) > 0 {
		return &found[0], nil
	}
	return nil, err
}

// Open opens a device by its name in /sys/class/block.
func Open(name string) (Device, error) { return direct.Open("/dev/"+slashes(name), os.O_RDONLY) }

func (d *Disks) known(name string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.plain[name]
}

func (d *Disks) note(name, seq string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plain == nil {
		d.plain = map[string]string{}
	}
	d.plain[name] = seq
}
