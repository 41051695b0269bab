package arp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Socket is a Conn over a packet socket (packet(7)).
type Socket struct {
	file    *os.File
	fd      int
	index   int
	name    string
	mac     net.HardwareAddr
	address netip.Addr
	// own are the hardware addresses of this machine, as they were at listed.
	own    map[string]bool
	listed time.Time
}

// Open listens for what is said of an IPv4 address on the interface of an index and name, whose hardware address is mac.
func Open(index int, name string, mac net.HardwareAddr, address netip.Addr) (*Socket, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("opening a packet socket on %s: %w", name, err)
	}
	s := &Socket{fd: fd, index: index, name: name, mac: mac, address: address, file: os.NewFile(uintptr(fd), "arp:"+name)}
	// The filter comes before the protocol: a socket without one would take in everything for a moment.
	if err := errors.Join(attach(fd, address), unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ARP), Ifindex: index})); err != nil {
		s.file.Close()
		return nil, fmt.Errorf("listening on %s: %w", name, err)
	}
	return s, nil
}

// Close ends it, and a Hear that is under way.
func (s *Socket) Close() error { return s.file.Close() }

// Probe asks who has the address.
func (s *Socket) Probe() error { return s.broadcast(netip.IPv4Unspecified()) }

// Announce says that it is this machine's: others correct what they know.
func (s *Socket) Announce() error { return s.broadcast(s.address) }

func (s *Socket) broadcast(sender netip.Addr) error {
	everyone := &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ARP), Ifindex: s.index, Halen: 6, Addr: [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}
	if err := unix.Sendto(s.fd, request(s.mac, sender, s.address), 0, everyone); err != nil {
		return fmt.Errorf("asking for %v on %s: %w", s.address, s.name, err)
	}
	return nil
}

// Hear waits for somebody else's claim, until a moment; the zero value is for ever. It returns os.ErrDeadlineExceeded then.
func (s *Socket) Hear(until time.Time) (Claim, error) {
	if err := s.file.SetReadDeadline(until); err != nil {
		return Claim{}, err
	}
	b := make([]byte, 64)
	for failures := 0; ; {
		n, err := s.file.Read(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			// Where this process had to wait for its turn, an answer may lie here in spite of it.
			if waiting, _, again := unix.Recvfrom(s.fd, b, unix.MSG_DONTWAIT); again == nil {
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

// attach lets only packets pass whose sender has the address, or which ask for it in nobody's name (classic BPF,
// Documentation/networking/filter.rst).
func attach(fd int, a netip.Addr) error {
	const (
		loadWord  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		jumpEqual = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		give      = unix.BPF_RET | unix.BPF_K
	)
	b := a.As4()
	address := binary.BigEndian.Uint32(b[:])
	program := []unix.SockFilter{
		{Code: loadWord, K: senderAt},
		{Code: jumpEqual, K: address, Jt: 3},
		{Code: jumpEqual, K: 0, Jf: 3},
		{Code: loadWord, K: targetAt},
		{Code: jumpEqual, K: address, Jf: 1},
		{Code: give, K: 65535},
		{Code: give, K: 0},
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

// bigEndian is htons.
func bigEndian(v uint16) uint16 {
	b := [2]byte{byte(v >> 8), byte(v)}
	return binary.NativeEndian.Uint16(b[:])
}
