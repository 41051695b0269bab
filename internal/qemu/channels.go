package qemu

import (
	"fmt"
	"net"
	"os"

	"github.com/imgbuild/imgbuild/internal/qmp"
	"github.com/imgbuild/imgbuild/internal/scratch"
)

// maxSocketPath is what sun_path of unix(7) holds, without the final NUL.
const maxSocketPath = 107

// channels are sockets in a private directory that QEMU connects to; or those that begin with a prefix, which QEMU makes.
type channels struct {
	dir       *scratch.Dir
	prefix    string
	theirs    *os.File // QEMU's standard input and output
	names     []string
	listeners []net.Listener
	conns     map[string]net.Conn
}

// listen makes the directory and the sockets.
func listen(names []string) (*channels, error) {
	ch := &channels{names: names, conns: map[string]net.Conn{}}
	dir, err := scratch.New("")
	if err == nil && len(dir.Join(channelMonitor)) > maxSocketPath {
		// $TMPDIR is too long for sockets.
		if err = dir.Remove(); err == nil {
			dir, err = scratch.New("/tmp")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("making a directory for QEMU's sockets: %w", err)
	}
	ch.dir = dir
	for _, name := range names {
		l, err := net.Listen("unix", dir.Join(name))
		if err != nil {
			ch.close()
			return nil, fmt.Errorf("making QEMU's sockets: %w", err)
		}
		ch.listeners = append(ch.listeners, l)
	}
	return ch, nil
}

// accept waits for QEMU on each socket; qmp.ErrGone says that gone was closed first.
func (ch *channels) accept(gone <-chan struct{}) (map[string]net.Conn, error) {
	if ch.prefix != "" {
		for _, name := range ch.names {
			conn, err := dial(ch.prefix+name, gone)
			if err != nil {
				return nil, err
			}
			ch.conns[name] = conn
		}
		return ch.conns, nil
	}
	accepted := make(chan struct{})
	defer close(accepted)
	go func() {
		select {
		case <-gone:
			for _, l := range ch.listeners {
				l.Close()
			}
		case <-accepted:
		}
	}()
	for i, l := range ch.listeners {
		conn, err := l.Accept()
		if err != nil {
			select {
			case <-gone:
				return nil, qmp.ErrGone
			default:
				return nil, fmt.Errorf("waiting for QEMU's %s: %w", ch.names[i], err)
			}
		}
		ch.conns[ch.names[i]] = conn
	}
	return ch.conns, nil
}

// path is where a channel's socket lies.
func (ch *channels) path() string {
	if ch.dir == nil {
		return ""
	}
	return ch.dir.Path
}

// close removes the sockets and closes everything.
func (ch *channels) close() {
	for _, l := range ch.listeners {
		l.Close()
	}
	for _, c := range ch.conns {
		c.Close()
	}
	if ch.theirs != nil {
		ch.theirs.Close()
		for _, name := range ch.names { // QEMU does so unless it was killed
			os.Remove(ch.prefix + name)
		}
		return
	}
	ch.dir.Remove()
}
