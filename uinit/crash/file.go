package crash

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// file is a record in a directory that a profile keeps state in. Others may write there, so nothing is followed, waited
// for or read beyond a record's size.
type file struct{ dir string }

func (f file) String() string { return f.name() }
func (f file) name() string   { return filepath.Join(f.dir, "uinit-crash") }

func (f file) read() ([]byte, error) {
	in, err := os.OpenFile(f.name(), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxRecord {
		return nil, fmt.Errorf("%s is no record of crashes: %v of %d bytes", f.name(), info.Mode().Type(), info.Size())
	}
	return io.ReadAll(io.LimitReader(in, maxRecord))
}

// write is complete or has not been: the machine is about to go down.
func (f file) write(text []byte) error {
	temp := f.name() + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	out, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(temp, f.name())
}

func (f file) remove() error { return os.Remove(f.name()) }
