package console

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is an open terminal that is the process's controlling one.
type terminal struct {
	*os.File
	// name is its path below /dev.
	name string
	mode unix.Termios
}

// seize makes /dev/NAME the controlling terminal of a new session and takes it away from
// everybody else: a program left behind by the last user must not be able to draw a prompt and
// read the next one's password.
func (h host) seize(name string) (*terminal, error) {
	// Fails only for a leader of a process group; Serve starts getty as a session's leader already.
	_, _ = unix.Setsid()
	f, err := h.openTerminal(name)
	if err != nil {
		return nil, err
	}
	if err := own(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("taking over terminal %s: %w", name, err)
	}
	_ = f.Chown(0, 0)
	_ = f.Chmod(0o600)
	if err := hangUp(); err != nil {
		return newTerminal(f, name) // not root: there is nobody to shut out
	}
	f.Close()
	if f, err = h.openTerminal(name); err != nil {
		return nil, err
	}
	if err := own(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("taking terminal %s again after its hang-up: %w", name, err)
	}
	return newTerminal(f, name)
}

// hangUpSignal is how long the signal of a hang-up may take from the kernel to us.
const hangUpSignal = time.Second

// hangUp hangs the controlling terminal up (vhangup(2)) and survives the SIGHUP that this sends to the
// session's leader; a later one ends the process. The signal is caught and not ignored, because a program
// inherits an ignored signal: a shell would outlive its terminal.
func hangUp() error {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, unix.SIGHUP)
	defer func() {
		go func() {
			<-caught
			os.Exit(128 + int(unix.SIGHUP))
		}()
	}()
	if err := vhangup(); err != nil {
		return err
	}
	select {
	case <-caught:
	case <-time.After(hangUpSignal):
	}
	return nil
}

// openTerminal waits for nothing: without O_NONBLOCK, open(2) of a serial port waits for carrier.
func (h host) openTerminal(name string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(h.dev, name), os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENODEV) {
		return nil, &AbsentError{Name: name}
	}
	return f, err
}

func newTerminal(f *os.File, name string) (*terminal, error) {
	t := &terminal{File: f, name: name}
	mode, err := unix.IoctlGetTermios(t.fd(), unix.TCGETS2)
	if err != nil {
		return nil, fmt.Errorf("reading the modes of terminal %s: %w", name, err)
	}
	t.mode = *mode
	return t, nil
}

// own makes f the controlling terminal; 1 takes it from another session, as root may.
func own(f *os.File) error {
	err := setInt(f, unix.TIOCSCTTY, 1)
	if errors.Is(err, unix.EPERM) {
		return setInt(f, unix.TIOCSCTTY, 0)
	}
	return err
}

func setInt(f *os.File, request uint, value int) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	inner := raw.Control(func(fd uintptr) { err = unix.IoctlSetInt(int(fd), request, value) })
	return errors.Join(inner, err)
}

func vhangup() error {
	if _, _, errno := syscall.Syscall(unix.SYS_VHANGUP, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// fd leaves the descriptor in the state it is in, unlike os.File.Fd before Go 1.26.
func (t *terminal) fd() int {
	fd := -1
	if raw, err := t.SyscallConn(); err == nil {
		_ = raw.Control(func(n uintptr) { fd = int(n) })
	}
	return fd
}

// set changes the modes once all output is out.
func (t *terminal) set(mode unix.Termios) error {
	if err := unix.IoctlSetTermios(t.fd(), unix.TCSETSW2, &mode); err != nil {
		return fmt.Errorf("setting the modes of terminal %s: %w", t.name, err)
	}
	t.mode = mode
	return nil
}

// Read bytes one at a time: what is typed ahead belongs to the program that follows.
func (t *terminal) readByte(deadline time.Time) (byte, error) {
	if err := t.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	var b [1]byte
	n, err := t.File.Read(b[:])
	if err == nil && n == 0 {
		err = unix.EIO
	}
	return b[0], err
}

// forget drops input that nobody has read.
func (t *terminal) forget() { _ = unix.IoctlSetInt(t.fd(), unix.TCFLSH, unix.TCIFLUSH) }
