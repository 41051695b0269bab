package qemu

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/holder"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Dir is where uinit keeps what belongs to running guests.
const Dir = "/run/vm"

// ConsoleSocket is where a guest's console is served.
func ConsoleSocket(name string) string { return filepath.Join(Dir, name+".console") }

// Opened is what QEMU gets, in the plan's order, and uinit's ends of the sockets.
type Opened struct {
	Files            []*os.File
	Monitor, Console net.Conn
}

// Open makes and opens the files of a plan. Close ends what QEMU's start has given away.
func Open(files []File) (*Opened, error) {
	o := &Opened{}
	for _, f := range files {
		file, err := o.open(f)
		if err != nil {
			o.Close()
			o.Hangup()
			return nil, err
		}
		o.Files = append(o.Files, file)
	}
	return o, nil
}

// Close closes uinit's copies of QEMU's files.
func (o *Opened) Close() {
	for _, f := range o.Files {
		f.Close()
	}
}

// Hangup closes uinit's ends of the sockets.
func (o *Opened) Hangup() {
	for _, c := range []net.Conn{o.Monitor, o.Console} {
		if c != nil {
			c.Close()
		}
	}
}

func (o *Opened) open(f File) (file *os.File, err error) {
	switch f.Kind {
	case Monitor:
		file, o.Monitor, err = socketPair()
	case Console:
		file, o.Console, err = socketPair()
	case Disk:
		file, err = openDisk(f.Disk)
	case Vars:
		file, err = openVars(f.Path, uefiVars)
	case TapFile:
		file, err = openTap(f)
	case VHost:
		file, err = openDevice("/dev/vhost-net")
	default:
		panic("BUG: no way to open a " + string(f.Kind))
	}
	return file, err
}

// socketPair returns QEMU's end and ours.
func socketPair() (*os.File, net.Conn, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("making a socket: %w", err)
	}
	theirs, ours := os.NewFile(uintptr(fds[0]), "socket"), os.NewFile(uintptr(fds[1]), "socket")
	defer ours.Close() // FileConn has a copy
	conn, err := net.FileConn(ours)
	if err != nil {
		theirs.Close()
		return nil, nil, fmt.Errorf("making a socket: %w", err)
	}
	return theirs, conn, nil
}

// isDevice goes by the name: a plan is made before the device is there.
func isDevice(path string) bool { return strings.HasPrefix(path, "/dev/") }

// openDisk opens a disk, and makes it first where the profile says so and nothing is there. What is
// there is never made anew, and what somebody else holds is not opened. QEMU holds it then, for as long as it runs.
func openDisk(d spec.VMDisk) (*os.File, error) {
	flag := os.O_RDWR
	if d.ReadOnly {
		flag = os.O_RDONLY
	}
	f, err := holder.Open(d.Path, flag)
	if errors.Is(err, os.ErrNotExist) && d.Create && !isDevice(d.Path) {
		if err = makeDisk(d); err == nil {
			f, err = holder.Open(d.Path, flag)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the disk: %w", err)
	}
	if d.Format == spec.VMQcow2 {
		if err := checkHeader(f); err != nil {
			f.Close()
			return nil, fmt.Errorf("opening the disk %s: %w", d.Path, err)
		}
	}
	return f, nil
}

// makeDisk writes an empty disk under another name and gives it its own when it is whole.
func makeDisk(d spec.VMDisk) error {
	if err := bounded.Make(filepath.Dir(d.Path), 0o755); err != nil {
		return err
	}
	return bounded.FillNew(d.Path, 0o600, func(f *os.File) error {
		if d.Format == spec.VMQcow2 {
			return writeQcow2(f, int64(d.Size))
		}
		return f.Truncate(int64(d.Size))
	})
}

// openVars opens the file of UEFI's variables; a missing one begins as a copy of the template. QEMU takes none of another size.
func openVars(path, template string) (*os.File, error) {
	bad := func(err error) (*os.File, error) { return nil, fmt.Errorf("opening UEFI's variables: %w", err) }
	empty, err := os.ReadFile(template)
	if err != nil {
		return bad(err)
	}
	f, err := holder.Open(path, os.O_RDWR)
	if errors.Is(err, os.ErrNotExist) {
		if err = errors.Join(bounded.Make(filepath.Dir(path), 0o700), bounded.Write(path, empty, 0o600)); err == nil {
			f, err = holder.Open(path, os.O_RDWR)
		}
	}
	if err != nil {
		return bad(err)
	}
	if info, err := f.Stat(); err != nil || info.Size() != int64(len(empty)) {
		f.Close()
		return bad(errors.Join(err, fmt.Errorf("%s is of another size than %s; accepted: %d bytes", path, template, len(empty))))
	}
	return f, nil
}

// openDevice opens a character device without Go's poller, which these don't know.
func openDevice(path string) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}
