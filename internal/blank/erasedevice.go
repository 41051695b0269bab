package blank

import (
	"context"
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/direct"
	"github.com/imgbuild/imgbuild/internal/disk"
)

// Erased is what was done to a device.
type Erased struct {
	// Discarded is how many bytes the device was told to forget, Written how many were written over with zeros.
	Discarded, Written int64
}

// EraseDevice makes a device blank that nobody uses, tells the kernel that its partitions are gone, and looks whether it
// is. The first half of the work is discarding, where the device knows that; step says which half, and how far it is.
// It may be called again after an interruption.
func EraseDevice(ctx context.Context, d disk.Device, step func(what string, done, total int64)) (e Erased, err error) {
	// O_EXCL is refused as long as a mount, an array, a volume or swap holds the device or a partition of it.
	f, err := direct.Open(d.File(), os.O_RDWR|unix.O_EXCL)
	if errors.Is(err, unix.EBUSY) {
		return e, fmt.Errorf("%s is in use", d)
	}
	if err != nil {
		return e, err
	}
	defer f.Close()
	if e.Discarded, err = discard(ctx, f, d.Bytes, func(done int64) { step("discarding", done, d.Bytes) }); err != nil {
		return e, err
	}
	var parts []Part
	for _, p := range d.Partitions {
		parts = append(parts, Part{p.Start, p.Bytes})
	}
	if e.Written, err = Erase(ctx, f, d.Bytes, parts, func(done, total int64) { step("erasing", done, total) }); err != nil {
		return e, err
	}
	if err := f.Sync(); err != nil {
		return e, fmt.Errorf("writing to %s: %w", d.Name, err)
	}
	if d.Disk == "" {
		_ = ioctl(f, unix.BLKRRPART, nil) // of what can have no partitions that is an error
	}
	return e, Check(ctx, f, d.Bytes)
}

// discard tells a device that nothing on it is needed, from its end to its beginning and in steps, so that it may be
// interrupted as Erase may. One that cannot do so is no error.
func discard(ctx context.Context, f *os.File, size int64, progress func(done int64)) (done int64, err error) {
	const most = 4 << 30
	for end := size; end > 0; {
		if ctx.Err() != nil {
			return done, context.Cause(ctx)
		}
		start := (end - 1) / most * most
		piece := [2]uint64{uint64(start), uint64(end - start)}
		if ioctl(f, unix.BLKDISCARD, unsafe.Pointer(&piece)) != nil {
			return done, nil
		}
		done += end - start
		end = start
		progress(done)
	}
	return done, nil
}

func ioctl(f *os.File, request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}
