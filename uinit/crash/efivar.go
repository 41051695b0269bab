package crash

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// efivars is where the kernel shows the firmware's variables (Documentation/filesystems/efivarfs.rst).
const efivars = "/sys/firmware/efi/efivars"

// variable is a record in the firmware of a UEFI machine. It is written only when a boot ends by crashes, and
// removed once, so it wears nothing out.
type variable struct{ dir string }

// immutable is FS_IMMUTABLE_FL (include/uapi/linux/fs.h).
const immutable = 0x10

// attributes come before a variable's content: non-volatile, for boot services and for the running system (UEFI
// specification 2.10, section 8.2.1), a little-endian number of 32 bits.
var attributes = [4]byte{7, 0, 0, 0}

func (v variable) String() string { return v.name() }

func (v variable) name() string {
	return filepath.Join(v.dir, "ImgbuildCrash-8be1a6f7-4f0c-4b5d-9c43-6f1d2a7be0c5")
}

func (v variable) read() ([]byte, error) {
	in, err := os.OpenFile(v.name(), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, int64(len(attributes)+maxRecord)))
	if err == nil && len(text) < len(attributes) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	return text[len(attributes):], nil
}

// write hands attributes and content over in one call, as the kernel wants it. Where there is no such file system
// the directory is /sys's, in which no file can be made.
func (v variable) write(text []byte) error {
	if err := v.unlock(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(v.name(), append(attributes[:], text...), 0o600)
}

func (v variable) remove() error {
	if err := v.unlock(); err != nil {
		return err
	}
	return os.Remove(v.name())
}

// unlock takes off the flag by which the kernel keeps variables that it does not know from being deleted by accident.
func (v variable) unlock() error {
	f, err := os.Open(v.name())
	if err != nil {
		return err
	}
	defer f.Close()
	flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		return nil // a file system without such flags has no such lock
	}
	return unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(flags&^immutable))
}
