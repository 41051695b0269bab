package syslog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/pace"
)

const (
	// LocalLog is where programs of this machine say something to its log (syslog(3), logger(1)).
	LocalLog = "/dev/log"
	// LocalSocket is what LocalLog leads to. It is made anew when uinit's worker is, so services, which have a /dev of their own,
	// are lent the directory that it lies in.
	LocalSocket = "/dev/uinit/log"
)

// Local is an open socket for what programs of this machine say.
type Local struct{ conn *net.UnixConn }

// ListenLocal makes a socket that everybody may write to, and a link to it. What was at both places is replaced.
func ListenLocal(socket, link string) (*Local, error) {
	conn, err := listenLocal(socket, link)
	if err != nil {
		return nil, fmt.Errorf("making a socket for the log: %w", err)
	}
	return &Local{conn}, nil
}

func listenLocal(socket, link string) (*net.UnixConn, error) {
	if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
		return nil, err
	}
	for _, at := range []string{socket, link} {
		if err := os.Remove(at); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return nil, err
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		failed := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1) })
		err = errors.Join(err, failed, os.Chmod(socket, 0o666), os.Symlink(strings.TrimPrefix(socket, filepath.Dir(link)+"/"), link))
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// Each account may say so much: what it says above that is counted, so that nobody without rights drives out of the ring what
// others said.
const (
	localRate  = 200 // records in a second
	localBurst = 2000
	// localAccounts bounds the memory for it; accounts beyond share one.
	localAccounts = 256
	// nobody is the account of who is not known (Debian's base-passwd).
	nobody = 65534
)

// KeepLocal takes in what programs say until ctx ends. It never makes them wait.
func (r *Ring) KeepLocal(ctx context.Context, l *Local) error {
	defer context.AfterFunc(ctx, func() { l.conn.Close() })()
	accounts := talkers{}
	text, control := make([]byte, maxMessage+256), make([]byte, unix.CmsgSpace(unix.SizeofUcred))
	for {
		n, oob, _, _, err := l.conn.ReadMsgUnix(text, control)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return fmt.Errorf("reading what programs say to the log: %w", err)
		}
		who := sender(control[:oob])
		account := accounts.of(who.Uid)
		if !account.Pass(time.Now()) {
			continue
		}
		if lost := account.Lost(); lost > 0 {
			r.Add(Record{At: Uptime(), Facility: Daemon, Severity: Warning, Program: "uinit",
				Message: fmt.Sprintf("%d records of the account %d were too many", lost, who.Uid)})
		}
		rec := parseLocal(bytes.TrimRight(text[:n], "\n\x00"))
		rec.At, rec.PID = Uptime(), int(who.Pid)
		r.Add(rec)
	}
}

// sender is who sent a packet, by the kernel's word (unix(7), SCM_CREDENTIALS); nobody where it does not say.
func sender(control []byte) unix.Ucred {
	messages, err := unix.ParseSocketControlMessage(control)
	for _, m := range messages {
		if who, bad := unix.ParseUnixCredentials(&m); err == nil && bad == nil {
			return *who
		}
	}
	return unix.Ucred{Uid: nobody, Gid: nobody}
}

// talkers are the accounts that say something.
type talkers map[uint32]*pace.Pace

func (t talkers) of(uid uint32) *pace.Pace {
	if t[uid] == nil && len(t) >= localAccounts {
		uid = nobody
	}
	if t[uid] == nil {
		t[uid] = pace.New(localRate, localBurst)
	}
	return t[uid]
}

// parseLocal reads what syslog(3) writes: "<PRIORITY>Mmm dd hh:mm:ss TAG[PID]: TEXT", where all before TEXT may be missing. Its
// time is left aside: the record has one of its own.
func parseLocal(b []byte) Record {
	rec := Record{Facility: User, Severity: Info}
	text := string(b)
	if number, rest, ok := strings.Cut(text, ">"); ok && strings.HasPrefix(number, "<") {
		if n, err := strconv.ParseUint(number[1:], 10, 8); err == nil && n>>3 <= 23 {
			rec.Facility, rec.Severity, text = int(n>>3), int(n&7), rest
		}
	}
	if len(text) >= len(time.Stamp) {
		if _, err := time.Parse(time.Stamp, text[:len(time.Stamp)]); err == nil {
			text = strings.TrimPrefix(text[len(time.Stamp):], " ")
		}
	}
	rec.Program, _, rec.Message = splitTag(clean(text, maxMessage))
	// What only the kernel and uinit are is no program's name.
	if rec.Facility == Kernel {
		rec.Facility = User
	}
	if rec.Program == "" || rec.Program == "kernel" || rec.Program == "uinit" {
		rec.Program = "user"
	}
	return rec
}
