package virtioport

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrNoPort says that the machine has no port of that name (yet).
var ErrNoPort = errors.New("no such port")

// FindPort returns the device of the virtio-serial port with a name, below /dev
// (drivers/char/virtio_console.c: the attribute "name").
func FindPort(sys fs.FS, name string) (string, error) {
	files, _ := fs.Glob(sys, "class/virtio-ports/*/name") // errs on bad patterns only
	for _, file := range files {
		if b, err := fs.ReadFile(sys, file); err == nil && strings.TrimSpace(string(b)) == name {
			return path.Base(path.Dir(file)), nil
		}
	}
	return "", fmt.Errorf("looking for port %s: %w", name, ErrNoPort)
}

// OpenSerial opens a serial port for the report: raw, 115200 bit/s, carrier ignored.
func OpenSerial(device string) (*os.File, error) {
	// Without O_NONBLOCK the open would wait for a carrier.
	f, err := os.OpenFile(device, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("opening %s for the report: %w", device, err)
	}
	raw := &unix.Termios{Cflag: unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B115200, Ispeed: unix.B115200, Ospeed: unix.B115200}
	raw.Cc[unix.VMIN] = 1
	if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, raw); err != nil {
		f.Close()
		return nil, fmt.Errorf("setting up %s for the report: %w", device, err)
	}
	return f, nil
}
