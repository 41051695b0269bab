package flash

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/holder"
)

// Device is an opened disk.
type Device interface {
	io.ReaderAt
	io.WriterAt
	// Sync returns when all that was written is on the medium.
	Sync() error
	// Forget lets what is read from now on come from the medium.
	Forget() error
}

// File is a disk, or a plain file in place of one, opened for writing.
type File struct {
	// direct bypasses the page cache: what is written is written, so that progress is
	// true and a stick's gigabytes do not push everything else out of memory. It is nil
	// where the file system cannot do so.
	direct   *os.File
	buffered *os.File
	block    bool
	size     int64
}

// directUnit is what places and lengths of direct access are multiples of, in bytes.
const directUnit = 4096

// OpenFile opens a disk for this process alone: while it is open, nobody can mount it, and a
// disk that somebody uses, in whatever container, cannot be opened; neither can a plain file that somebody else writes to.
// The error is a *RefusedError then.
func OpenFile(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	f := &File{block: info.Mode()&os.ModeDevice != 0 && info.Mode()&os.ModeCharDevice == 0}
	if !f.block && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("opening %s: it is neither a disk nor a plain file", path)
	}
	if f.buffered, err = holder.Open(path, os.O_RDWR); err != nil {
		if busy := (*holder.BusyError)(nil); errors.As(err, &busy) {
			err = &RefusedError{path, busy.Reason()}
		}
		if f.block && errors.Is(err, os.ErrPermission) {
			err = fmt.Errorf("%w; writing to a disk needs root", err)
		}
		return nil, err
	}
	if f.size, err = f.buffered.Seek(0, io.SeekEnd); err != nil {
		return nil, errors.Join(fmt.Errorf("measuring %s: %w", path, err), f.buffered.Close())
	}
	// A second, exclusive opening by the same holder would be refused.
	if f.direct, err = os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", f.buffered.Fd()), os.O_RDWR|unix.O_DIRECT, 0); err != nil {
		f.direct = nil
	}
	return f, nil
}

// Size in bytes.
func (f *File) Size() int64 { return f.size }

// Is tells whether what a path leads to is the file that is open.
func (f *File) Is(path string) bool {
	a, errA := f.buffered.Stat()
	b, errB := os.Stat(path)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// pick chooses direct access for what it can do.
func (f *File) pick(p []byte, at int64) *os.File {
	if f.direct == nil || at%directUnit != 0 || len(p)%directUnit != 0 || !aligned(p) {
		return f.buffered
	}
	return f.direct
}

// ReadAt implements io.ReaderAt.
func (f *File) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.pick(p, at).ReadAt(p, at)
	return n, f.named(err)
}

// WriteAt implements io.WriterAt.
func (f *File) WriteAt(p []byte, at int64) (int, error) {
	n, err := f.pick(p, at).WriteAt(p, at)
	if errors.Is(err, unix.EINVAL) && f.direct != nil {
		f.direct.Close()
		f.direct = nil
		n, err = f.buffered.WriteAt(p, at)
	}
	return n, f.named(err)
}

// named puts the disk's path into an error of the second opening, which has another one.
func (f *File) named(err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		return &os.PathError{Op: at.Op, Path: f.buffered.Name(), Err: at.Err}
	}
	return err
}

// Sync implements Device.
func (f *File) Sync() error { return f.buffered.Sync() }

// Forget implements Device.
func (f *File) Forget() error {
	if f.block {
		return unix.IoctlSetInt(int(f.buffered.Fd()), unix.BLKFLSBUF, 0)
	}
	return unix.Fadvise(int(f.buffered.Fd()), 0, 0, unix.FADV_DONTNEED)
}

// Rescan makes the kernel read the disk's partition table again.
func (f *File) Rescan() error {
	if !f.block {
		return nil
	}
	err := unix.IoctlSetInt(int(f.buffered.Fd()), unix.BLKRRPART, 0)
	if errors.Is(err, unix.EINVAL) { // a loop device that has no partitions
		err = nil
	}
	return err
}

// Close closes the disk.
func (f *File) Close() error {
	if f.direct != nil {
		f.direct.Close()
	}
	return f.buffered.Close()
}
