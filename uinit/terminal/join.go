package terminal

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// detach is the key that leaves a guest's console: Ctrl-].
const detach = 0x1d

// Join joins this process' terminal and the console that is served on a socket, until Ctrl-] or the end of either. of says whose
// console it is.
func Join(socket, of string) error {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return fmt.Errorf("attaching to the console: %w", err)
	}
	defer c.Close()
	if old, err := unix.IoctlGetTermios(0, unix.TCGETS); err == nil {
		fmt.Fprintf(os.Stderr, "Console of %s; Ctrl-] leaves it.\r\n", of)
		raw := *old
		// As cfmakeraw(3) does.
		raw.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
		raw.Oflag &^= unix.OPOST
		raw.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
		raw.Cflag = raw.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
		raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
		if err := unix.IoctlSetTermios(0, unix.TCSETS, &raw); err != nil {
			return fmt.Errorf("setting up the terminal: %w", err)
		}
		defer func() {
			_ = unix.IoctlSetTermios(0, unix.TCSETS, old)
			fmt.Fprintln(os.Stderr)
		}()
	}
	left := make(chan struct{})
	go func() {
		defer close(left)
		typeInto(c, os.Stdin)
	}()
	shown := make(chan error, 1)
	go func() {
		_, err := io.Copy(os.Stdout, c)
		shown <- err
	}()
	select {
	case <-left:
		return nil
	case err := <-shown:
		if errors.Is(err, net.ErrClosed) {
			err = nil
		}
		return err
	}
}

// typeInto passes on what is typed until Ctrl-]. Where nobody types, at the end of a file, it waits for
// the guest to say no more.
func typeInto(c net.Conn, in io.Reader) {
	b := make([]byte, 1024)
	for {
		n, err := in.Read(b)
		typed, _, leave := strings.Cut(string(b[:n]), string(rune(detach)))
		if _, failed := io.WriteString(c, typed); failed != nil || leave {
			return
		}
		if err != nil {
			select {} // the other direction ends it
		}
	}
}
