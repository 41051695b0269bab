package qemu

import (
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/qmp"
)

// desk is the channels of a guest that opens its own ends (Config.Desk): ttyS0 is QEMU's standard input and output, of which the
// other end is theirs, and its sockets are looked for until they are there.
func desk(c Config) (*channels, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("making QEMU's standard input: %w", err)
	}
	ours := os.NewFile(uintptr(pair[0]), "ttyS0")
	defer ours.Close()
	ch := &channels{names: c.channelNames(), conns: map[string]net.Conn{}, prefix: c.Desk, theirs: os.NewFile(uintptr(pair[1]), "ttyS0")}
	if ch.conns[serialName(0)], err = net.FileConn(ours); err != nil {
		ch.close()
		return nil, fmt.Errorf("making QEMU's standard input: %w", err)
	}
	return ch, nil
}

// dial connects with a socket of QEMU's, which makes it as it starts; qmp.ErrGone says that gone was closed first.
func dial(path string, gone <-chan struct{}) (net.Conn, error) {
	for {
		conn, err := net.Dial("unix", path)
		if err == nil {
			return conn, nil
		}
		select {
		case <-gone:
			return nil, qmp.ErrGone
		case <-time.After(10 * time.Millisecond):
		}
	}
}
