package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/imgbuild/imgbuild/internal/passwd"
	"golang.org/x/sys/unix"
)

// terminal is a pseudo terminal (pty(7)).
type terminal struct {
	// master is our end, slave the program's; name is /dev/pts/N.
	master, slave *os.File
	name, kind    string
}

// openTerminal makes a terminal of the client's kind, size and modes, and gives it to the account.
func openTerminal(etc string, a account, q terminalRequest) (t *terminal, err error) {
	// Non-blocking, so that a read of it can be called off.
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("opening a terminal: %w", err)
	}
	t = &terminal{master: master, kind: q.Term}
	defer func() {
		if err != nil {
			t.close()
			t, err = nil, fmt.Errorf("opening a terminal: %w", err)
		}
	}()
	err = t.control(func(fd int) error {
		n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
		t.name = "/dev/pts/" + strconv.Itoa(n)
		return errors.Join(err, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	})
	if err != nil {
		return t, err
	}
	if t.slave, err = os.OpenFile(t.name, os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		return t, err
	}
	if os.Geteuid() == 0 {
		// Members of group tty may write to it, as wall(1) does.
		mode, group := os.FileMode(0o600), a.gid
		if tty, err := passwd.Group(etc, "tty"); err == nil {
			mode, group = 0o620, tty
		}
		if err := errors.Join(t.slave.Chown(int(a.uid), int(group)), t.slave.Chmod(mode)); err != nil {
			return t, err
		}
	}
	return t, errors.Join(t.setModes(q.Modes), t.resize(windowSize{q.Columns, q.Rows, q.Width, q.Height}))
}

// resize tells the programs how large the client's window is.
func (t *terminal) resize(w windowSize) error {
	return t.control(func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{
			Row: uint16(min(w.Rows, 0xffff)), Col: uint16(min(w.Columns, 0xffff)),
			Xpixel: uint16(min(w.Width, 0xffff)), Ypixel: uint16(min(w.Height, 0xffff)),
		})
	})
}

// control uses the descriptor without changing its mode, as Fd would.
func (t *terminal) control(do func(fd int) error) error {
	raw, err := t.master.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	return errors.Join(raw.Control(func(fd uintptr) { failed = do(int(fd)) }), failed)
}

// close hangs up: the kernel tells the programs.
func (t *terminal) close() {
	t.master.Close()
	if t.slave != nil {
		t.slave.Close()
	}
}
