package grow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/gptedit"
)

// System is the running kernel.
type System struct {
	// Device is the partition, such as /dev/sda3, and Mount where it is mounted.
	Device, Mount string
}

// Observe implements Kernel.
func (s System) Observe() (State, error) {
	var have State
	dir, err := filepath.EvalSymlinks(filepath.Join("/sys/class/block", filepath.Base(s.Device)))
	if err != nil {
		return have, err
	}
	number, err := attribute(dir, "partition")
	if err != nil {
		return have, fmt.Errorf("%w: %s is no partition", ErrLeft, s.Device)
	}
	have.Number = int(number)
	have.Start, err = attribute(dir, "start")
	size, other := attribute(dir, "size")
	sectors, third := attribute(filepath.Dir(dir), "size")
	if err := errors.Join(err, other, third); err != nil {
		return have, err
	}
	have.Known, have.Sectors = size, sectors
	disk, err := os.Open(s.disk(dir))
	if err != nil {
		return have, err
	}
	defer disk.Close()
	// A table that is not whole is not an error: there are two of them.
	if t, err := gptedit.Read(disk); err == nil {
		have.Table = t
	}
	if t, err := gptedit.ReadBackup(disk, have.Sectors); err == nil {
		have.Backup = t
	}
	have.FileSystem, have.Block, err = ext4Size(s.Device)
	return have, err
}

// disk is the device of the disk that the partition with a directory in /sys lies on.
func (s System) disk(dir string) string {
	return filepath.Join("/dev", strings.ReplaceAll(filepath.Base(filepath.Dir(dir)), "!", "/"))
}

// Do implements Kernel.
func (s System) Do(op Op) error {
	switch op := op.(type) {
	case Write:
		return s.onDisk(func(f *os.File) error {
			_, err := f.WriteAt(op.Bytes, op.Offset)
			return errors.Join(err, f.Sync())
		})
	case ResizePartition:
		return s.onDisk(func(f *os.File) error {
			part := unix.BlkpgPartition{Start: op.Start * gptedit.Sector, Length: op.Sectors * gptedit.Sector, Pno: int32(op.Number)}
			arg := unix.BlkpgIoctlArg{Op: unix.BLKPG_RESIZE_PARTITION, Datalen: int32(unsafe.Sizeof(part)), Data: (*byte)(unsafe.Pointer(&part))}
			return ioctl(f, unix.BLKPG, unsafe.Pointer(&arg))
		})
	case ResizeFileSystem:
		f, err := os.Open(s.Mount)
		if err != nil {
			return err
		}
		defer f.Close()
		blocks := uint64(op.Blocks)
		return ioctl(f, ext4ResizeFS, unsafe.Pointer(&blocks))
	}
	panic(fmt.Sprintf("BUG: no way to %s", op))
}

// ext4ResizeFS is EXT4_IOC_RESIZE_FS of include/uapi/linux/ext4.h: _IOW('f', 16, __u64).
const ext4ResizeFS = 0x40086610

func ioctl(f *os.File, request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}

func (s System) onDisk(do func(*os.File) error) (err error) {
	dir, err := filepath.EvalSymlinks(filepath.Join("/sys/class/block", filepath.Base(s.Device)))
	if err != nil {
		return err
	}
	f, err := os.OpenFile(s.disk(dir), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return do(f)
}

// attribute reads a number from /sys.
func attribute(dir, name string) (int64, error) {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
}

// ext4Size reads the file system's size from its superblock (fs/ext4/ext4.h); all 0 where
// it is another one, or ext2 and ext3, which have no extents.
func ext4Size(device string) (blocks, block int64, err error) {
	f, err := os.Open(device)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	return superblock(f)
}

func superblock(r io.ReaderAt) (blocks, block int64, err error) {
	const magic, extents, is64 = 0xef53, 0x40, 0x80
	b := make([]byte, 1024)
	if _, err := r.ReadAt(b, 1024); err != nil {
		return 0, 0, fmt.Errorf("reading the superblock: %w", err)
	}
	le := binary.LittleEndian
	incompat, shift := le.Uint32(b[0x60:]), le.Uint32(b[0x18:])
	if le.Uint16(b[0x38:]) != magic || incompat&extents == 0 || shift > 6 {
		return 0, 0, nil
	}
	blocks = int64(le.Uint32(b[0x04:]))
	if incompat&is64 != 0 {
		blocks |= int64(le.Uint32(b[0x150:])) << 32
	}
	return blocks, 1024 << shift, nil
}
