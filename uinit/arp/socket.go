package arp

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/packet"
)

// Socket is a Conn over a packet socket.
type Socket struct {
	*packet.Socket
	mac     net.HardwareAddr
	address netip.Addr
	// own are the hardware addresses of this machine, as they were at listed.
	own    map[string]bool
	listed time.Time
}

// Open listens for what is said of an IPv4 address on the interface of an index and name, whose hardware address is mac. Close
// ends it, and a Hear that is under way.
func Open(index int, name string, mac net.HardwareAddr, address netip.Addr) (*Socket, error) {
	b := address.As4()
	wanted := binary.BigEndian.Uint32(b[:])
	// Only packets whose sender has the address, or which ask for it in nobody's name.
	s, err := packet.Open(index, name, unix.ETH_P_ARP, []unix.SockFilter{
		{Code: packet.LoadWord, K: senderAt},
		{Code: packet.JumpEqual, K: wanted, Jt: 3},
		{Code: packet.JumpEqual, K: 0, Jf: 3},
		{Code: packet.LoadWord, K: targetAt},
		{Code: packet.JumpEqual, K: wanted, Jf: 1},
		{Code: packet.Give, K: packet.All},
		{Code: packet.Give, K: 0},
	})
	if err != nil {
		return nil, err
	}
	return &Socket{Socket: s, mac: mac, address: address}, nil
}

// Probe asks who has the address.
func (s *Socket) Probe() error {
	return s.Broadcast(request(s.mac, netip.IPv4Unspecified(), s.address))
}

// Announce says that it is this machine's: others correct what they know.
func (s *Socket) Announce() error { return s.Broadcast(request(s.mac, s.address, s.address)) }

// Hear waits for somebody else's claim, until a moment; the zero value is for ever. It returns os.ErrDeadlineExceeded then.
func (s *Socket) Hear(until time.Time) (Claim, error) {
	if err := s.SetReadDeadline(until); err != nil {
		return Claim{}, err
	}
	b := make([]byte, 64)
	for failures := 0; ; {
		n, err := s.Read(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			// Where this process had to wait for its turn, an answer may lie here in spite of it.
			if waiting, again := s.Here(b); again == nil {
				n, err = waiting, nil
			}
		}
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, os.ErrClosed) {
			return Claim{}, err
		}
		if err != nil {
			// ENETDOWN is reported once each time the interface goes down.
			if failures++; failures == 16 {
				return Claim{}, err
			}
			continue
		}
		if c, ok := claims(b[:n], s.address); ok && !s.ours(c.Who) {
			return c, nil
		}
	}
}

// listAgain is how long the list of this machine's hardware addresses is good: a stranger's flood must not have it made for each packet.
const listAgain = time.Second

// ours says that a hardware address is this machine's: a second card on the same network answers for the first, and the
// ports of a bond hear each other.
func (s *Socket) ours(mac net.HardwareAddr) bool {
	if now := time.Now(); now.Sub(s.listed) > listAgain {
		links, _ := netlink.LinkList()
		s.own, s.listed = map[string]bool{}, now
		for _, l := range links {
			s.own[string(l.Attrs().HardwareAddr)] = true
		}
	}
	return s.own[string(mac)]
}
