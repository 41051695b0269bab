package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// link is one end of a line between the monitor and a speaker: the speaker asks, the monitor answers. A message goes as its
// length in four bytes and then itself, in the form of SSH's own messages (RFC 4251, section 5).
type link struct {
	conn *net.UnixConn
	// asking is held from a question to its answer.
	asking sync.Mutex
}

const (
	// maxMessage bounds a message in bytes. A command is the longest of them: the kernel takes 128 KiB of one (MAX_ARG_STRLEN).
	maxMessage = 192 << 10
	// maxHanded is how many open files come with an answer at most: a program's input, output, errors and end.
	maxHanded = 4
)

// newLink makes a line. The other end is to be handed over.
func newLink() (ours *link, theirs *os.File, err error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("making a line: %w", err)
	}
	theirs = os.NewFile(uintptr(ends[1]), "line")
	if ours, err = linkOf(os.NewFile(uintptr(ends[0]), "line")); err != nil {
		theirs.Close()
	}
	return ours, theirs, err
}

// linkOf makes an open file a link, and closes the file.
func linkOf(f *os.File) (*link, error) {
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	conn, ok := c.(*net.UnixConn)
	if !ok {
		c.Close()
		return nil, errors.New("the line is no Unix socket")
	}
	return &link{conn: conn}, nil
}

// send hands files over with the message; they stay open here.
func (l *link) send(message []byte, files ...syscall.Conn) error {
	var rights []byte
	var numbers []int
	for _, f := range files {
		raw, err := f.SyscallConn()
		if err != nil {
			return err
		}
		// File's method Fd would make it wait where it is not to.
		if err := raw.Control(func(fd uintptr) { numbers = append(numbers, int(fd)) }); err != nil {
			return err
		}
	}
	if numbers != nil {
		rights = unix.UnixRights(numbers...)
	}
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
	n, _, err := l.conn.WriteMsgUnix(b, rights, nil)
	runtime.KeepAlive(files)
	if err == nil && n < len(b) {
		_, err = l.conn.Write(b[n:])
	}
	return err
}

// receive reads a message, and takes no files.
func (l *link) receive() ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(l.conn, head[:]); err != nil {
		return nil, err
	}
	return l.rest(head)
}

func (l *link) rest(head [4]byte) ([]byte, error) {
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 || n > maxMessage {
		return nil, fmt.Errorf("a message of %d bytes; accepted: 1 to %d", n, maxMessage)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(l.conn, b)
	return b, err
}

// receiveFiles reads a message and the files that come with it.
func (l *link) receiveFiles() (message []byte, files []*os.File, err error) {
	var head [4]byte
	control := make([]byte, unix.CmsgSpace(4*maxHanded))
	n, c, _, _, err := l.conn.ReadMsgUnix(head[:], control)
	if err == nil && n == 0 {
		err = io.EOF
	}
	if err == nil {
		files, err = handed(control[:c])
	}
	if err == nil {
		_, err = io.ReadFull(l.conn, head[n:])
	}
	if err == nil {
		message, err = l.rest(head)
	}
	if err != nil {
		closeAll(files)
		return nil, nil, err
	}
	return message, files, nil
}

func handed(control []byte) (files []*os.File, err error) {
	messages, err := unix.ParseSocketControlMessage(control)
	for _, m := range messages {
		numbers, failed := unix.ParseUnixRights(&m)
		err = errors.Join(err, failed)
		for _, n := range numbers {
			files = append(files, os.NewFile(uintptr(n), "handed"))
		}
	}
	return files, err
}

// answer is what the monitor says to a question.
type answer struct {
	Yes bool
	// Why is for the client or the log where it is no.
	Why  string
	Data []byte `ssh:"rest"`
}

// ask sends a question and waits for its answer; a no is no error.
func (l *link) ask(question any) (a answer, files []*os.File, err error) {
	l.asking.Lock()
	defer l.asking.Unlock()
	if err := l.send(ssh.Marshal(question)); err != nil {
		return a, nil, fmt.Errorf("asking the monitor: %w", err)
	}
	message, files, err := l.receiveFiles()
	if err == nil {
		err = ssh.Unmarshal(message, &a)
	}
	if err != nil {
		closeAll(files)
		return answer{}, nil, fmt.Errorf("the monitor's answer: %w", err)
	}
	return a, files, nil
}

// mustYes is ask for questions whose no is an error.
func (l *link) mustYes(question any) (answer, error) {
	a, files, err := l.ask(question)
	closeAll(files)
	if err == nil && !a.Yes {
		err = errors.New(a.Why)
	}
	return a, err
}
