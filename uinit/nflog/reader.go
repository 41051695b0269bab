package nflog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/vishvananda/netlink/nl"
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
type Source struct{ socket *nl.NetlinkSocket }

// Open asks the kernel for groups. It needs the module nfnetlink_log.
func Open(groups []int) (*Source, error) {
	socket, err := nl.Subscribe(unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("opening a socket for logged packets: %w", err)
	}
	// A flood is to cost records, not memory without bounds; more than the usual is wanted all the same.
	_ = socket.SetReceiveBufferSize(1<<20, false)
	// An answer that never comes must not hang anybody either.
	timeout := unix.NsecToTimeval(int64(quiet))
	_ = socket.SetReceiveTimeout(&timeout)
	s := &Source{socket}
	for _, group := range groups {
		if err := s.ask(configure(uint16(group))); err != nil {
			socket.Close()
			return nil, fmt.Errorf("listening to packets of group %d: %w", group, err)
		}
	}
	return s, nil
}

// configure binds a group: packets up to snap bytes, handed over after a tenth of a second at the latest.
func configure(group uint16) *nl.NetlinkRequest {
	req := nl.NewNetlinkRequest(typeConfig, unix.NLM_F_ACK)
	req.AddData(&nl.Nfgenmsg{ResId: nl.NativeEndian().Uint16(nl.BEUint16Attr(group))}) // AF_UNSPEC, NFNETLINK_V0
	req.AddData(nl.NewRtAttr(configCommand, []byte{commandBind}))
	req.AddData(nl.NewRtAttr(configMode, append(nl.BEUint32Attr(snap), copyPacket, 0))) // struct nfulnl_msg_config_mode
	req.AddData(nl.NewRtAttr(configTimeout, nl.BEUint32Attr(10)))
	req.AddData(nl.NewRtAttr(configFlags, nl.BEUint16Attr(flagSequence)))
	return req
}

// ask sends a request and waits for what the kernel says to it; packets that come first are lost.
func (s *Source) ask(req *nl.NetlinkRequest) error {
	if err := s.socket.Send(req); err != nil {
		return err
	}
	for {
		messages, _, err := s.socket.Receive()
		if err != nil && !errors.Is(err, unix.ENOBUFS) {
			return err
		}
		for _, m := range messages {
			if m.Header.Type == unix.NLMSG_ERROR && m.Header.Seq == req.Seq && len(m.Data) >= 4 {
				if code := int32(binary.NativeEndian.Uint32(m.Data)); code != 0 {
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
	stop := context.AfterFunc(ctx, s.socket.Close)
	defer stop()
	gap := newGaps()
	told := time.Time{}
	for {
		messages, _, err := s.socket.Receive()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.EINVAL):
			// Nothing came for a while, or too much, or what is cut off: what was lost shows in the sequence.
		case err != nil:
			return fmt.Errorf("reading logged packets: %w", err)
		}
		now := time.Now()
		for _, m := range messages {
			if m.Header.Type != typePacket {
				continue
			}
			p, err := parse(m.Data)
			if err != nil {
				continue
			}
			if n := gap.missed(p); n > 0 {
				l.of(origin{}).Count(n)
			}
			if l.of(p.origin()).Pass(now) {
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
