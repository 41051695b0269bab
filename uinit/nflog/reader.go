package nflog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Configuration of a group (enum nfulnl_attr_config and nfulnl_msg_config_cmds).
const (
	configCommand = 1
	configMode    = 2
	configTimeout = 4
	configFlags   = 6
	commandBind   = 1
	copyPacket    = 2
	flagSequence  = 1
)

// snap is how much of each packet is copied in bytes: headers, not content.
const snap = 128

// Source is an open socket that gets what rules log.
type Source struct {
	file *os.File
	fd   int
}

// Open asks the kernel for groups. It needs the module nfnetlink_log.
func Open(groups []int) (*Source, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("opening a socket for logged packets: %w", err)
	}
	s := &Source{fd: fd}
	if err := s.bind(groups); err != nil {
		unix.Close(fd)
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, err
	}
	s.file = os.NewFile(uintptr(fd), "nflog")
	return s, nil
}

func (s *Source) bind(groups []int) error {
	if err := unix.Bind(s.fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("opening a socket for logged packets: %w", err)
	}
	// A flood is to cost records, not memory without bounds; more than the usual is wanted all the same.
	_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1<<20)
	// An answer that never comes must not hang anybody.
	_ = unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5})
	for i, group := range groups {
		if err := s.ask(uint32(i+1), configure(uint32(i+1), uint16(group))); err != nil {
			return fmt.Errorf("listening to packets of group %d: %w", group, err)
		}
	}
	return nil
}

// configure binds a group: packets up to snap bytes, handed over after a tenth of a second at the latest.
func configure(sequence uint32, group uint16) []byte {
	attrs := appendAttr(nil, configCommand, []byte{commandBind})
	attrs = appendAttr(attrs, configMode, append(binary.BigEndian.AppendUint32(nil, snap), copyPacket, 0)) // struct nfulnl_msg_config_mode
	attrs = appendAttr(attrs, configTimeout, binary.BigEndian.AppendUint32(nil, 10))
	attrs = appendAttr(attrs, configFlags, binary.BigEndian.AppendUint16(nil, flagSequence))
	return request(sequence, group, attrs)
}

// ask sends a request and waits for what the kernel says to it; packets that come first are lost.
func (s *Source) ask(sequence uint32, request []byte) error {
	if err := unix.Sendto(s.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	b := make([]byte, 64<<10)
	for {
		n, _, err := unix.Recvfrom(s.fd, b, 0)
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENOBUFS) {
			continue
		}
		if err != nil {
			return err
		}
		all, err := split(b[:n])
		if err != nil {
			return err
		}
		for _, m := range all {
			if m.kind == typeError && len(m.body) >= headerLen && binary.NativeEndian.Uint32(m.body[12:]) == sequence {
				if code := int32(binary.NativeEndian.Uint32(m.body)); code != 0 {
					return syscall.Errno(-code)
				}
				return nil
			}
		}
	}
}

// quiet is how often lost packets are told of, at most.
const quiet = 5 * time.Second

// Read hands packets that pass the limit to see, until ctx ends. lost is told, now and then and when the
// flood is over, how many did not get through: above the limit, or faster than this reads.
func (s *Source) Read(ctx context.Context, l *Limits, see func(Packet), lost func([]Lost)) error {
	stop := context.AfterFunc(ctx, func() { s.file.Close() })
	defer stop()
	b := make([]byte, 64<<10)
	gap := newGaps()
	told := time.Time{}
	for {
		_ = s.file.SetReadDeadline(time.Now().Add(quiet))
		n, err := s.file.Read(b)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, unix.ENOBUFS):
			n = 0 // what was lost shows in the sequence
		case err != nil:
			return fmt.Errorf("reading logged packets: %w", err)
		}
		messages, _ := split(b[:n]) // the kernel's own; what is cut off is not looked at
		now := time.Now()
		for _, m := range messages {
			if m.kind != typePacket {
				continue
			}
			p, err := parse(m.body)
			if err != nil {
				continue
			}
			if n := gap.missed(p); n > 0 {
				l.of("").Count(n)
			}
			if l.of(p.Prefix).Pass(now) {
				see(p)
			}
		}
		if now.Sub(told) >= quiet {
			if all := l.Lost(); all != nil {
				lost(all)
				told = now
			}
		}
	}
}

// gaps finds packets that the kernel dropped before they were read.
type gaps map[uint16]uint32

func newGaps() gaps { return gaps{} }

// missed is how many are missing between a packet and the one before it in its group.
func (g gaps) missed(p Packet) uint64 {
	if !p.HasSequence {
		return 0
	}
	next, known := g[p.Group]
	g[p.Group] = p.Sequence + 1
	if !known {
		return 0
	}
	return uint64(p.Sequence - next)
}
