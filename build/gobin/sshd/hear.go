package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// firstWord is what every client says first (RFC 4253, section 4.2): only a server may say something else before.
const firstWord = "SSH-"

// hear says the server's version, and waits for the client's first word, without taking it: neither who connects and says nothing, as most
// do that are to fill the server's places, nor who speaks something else, such as TLS, costs a process.
func (m *monitor) hear() error {
	if err := m.raw.SetDeadline(m.limit); err != nil {
		return err
	}
	if _, err := io.WriteString(m.raw, version+"\r\n"); err != nil {
		return err
	}
	socket, err := m.raw.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	heard := make([]byte, len(firstWord))
	var n int
	var failed error
	err = socket.Read(func(fd uintptr) bool {
		n, _, failed = unix.Recvfrom(int(fd), heard, unix.MSG_PEEK|unix.MSG_DONTWAIT)
		again := errors.Is(failed, unix.EAGAIN) || errors.Is(failed, unix.EINTR)
		part := n > 0 && n < len(firstWord) && strings.HasPrefix(firstWord, string(heard[:n]))
		return !again && (!part || left(fd)) // what was not taken hides the end behind it
	})
	switch word := string(heard[:max(n, 0)]); {
	case err != nil: // what failed before its time was over was not the reason
		return err
	case failed != nil:
		return failed
	case word == firstWord:
		return nil
	case strings.HasPrefix(firstWord, word):
		return io.EOF
	default:
		return fmt.Errorf("it speaks no SSH: its first word is %q", word)
	}
}

// attend gives the client its speaker. What takes the machine's time is the start of one, so each is waited for in its client's turn.
func (m *monitor) attend(ctx context.Context) (*child, error) {
	waits, end := context.WithDeadline(ctx, m.limit)
	defer end()
	if err := m.server.turns.take(waits, m.place); err != nil {
		return nil, fmt.Errorf("waiting for its turn: %w", err)
	}
	defer m.server.turns.done()
	if m.hungUp() {
		return nil, io.EOF
	}
	c, err := m.server.speakers.take()
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, c.end)
	m.line = c.link
	if err := m.line.conn.SetDeadline(m.limit); err != nil {
		return nil, err
	}
	socket, ok := m.raw.(*net.TCPConn)
	if !ok {
		return nil, fmt.Errorf("%T is no socket", m.raw)
	}
	key := m.server.key
	algorithms := []string{key.PublicKey().Type()}
	if k, ok := key.(ssh.MultiAlgorithmSigner); ok {
		algorithms = k.Algorithms()
	}
	if err := m.line.send(ssh.Marshal(hello{key.PublicKey().Marshal(), algorithms, m.server.passwords}), socket); err != nil {
		return nil, err
	}
	if first, err := m.line.receive(); errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, errors.New("its process did not start in time") // which the client could do nothing about
	} else if err != nil {
		c.end()
		return nil, m.reason(err, c.said)
	} else if first[0] != awake {
		return nil, errLies
	}
	return c, c.promote()
}

// hungUp says whether the client has left, with words that nobody has read yet.
func (m *monitor) hungUp() bool {
	socket, err := m.raw.(*net.TCPConn).SyscallConn()
	if err != nil {
		return true
	}
	var gone bool
	err = socket.Control(func(fd uintptr) { gone = left(fd) })
	return err != nil || gone
}

// left says whether the other side of a socket has closed it, or its half.
func left(fd uintptr) bool {
	n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}, 0)
	return n > 0
}
