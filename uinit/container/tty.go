package container

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// attach joins the terminal that crun hands over by a socket (SCM_RIGHTS) to the container's console.
func (r room) attach(from net.Listener) {
	conn, err := from.Accept()
	from.Close()
	if err != nil {
		return
	}
	defer conn.Close()
	rights := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := conn.(*net.UnixConn).ReadMsgUnix(make([]byte, 64), rights)
	if err != nil {
		return
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(messages) == 0 {
		return
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) == 0 {
		return
	}
	_ = unix.SetNonblock(fds[0], true)
	tty := os.NewFile(uintptr(fds[0]), "tty")
	defer tty.Close()
	if inside, err := insideOf(fds[0]); err == nil {
		go func() {
			<-r.ended
			inside.Close()
		}()
	}
	r.terminal.Attach(tty)
}

// insideOf opens the side of a terminal that is a container's (TIOCGPTPEER in ioctl_tty(2)). While that is open, nobody in there ends the
// terminal: inits let go of it, and have a getty open it again.
func insideOf(terminal int) (*os.File, error) {
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(terminal), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		return nil, fmt.Errorf("TIOCGPTPEER: %w", errno)
	}
	return os.NewFile(fd, "terminal"), nil
}
