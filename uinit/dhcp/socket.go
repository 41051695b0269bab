package dhcp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/sys/unix"
)

// socket is a Conn over a packet socket, which works on an interface that has no address yet (packet(7)).
type socket struct {
	file    *os.File
	fd      int
	index   int
	name    string
	arrived chan *dhcpv4.DHCPv4
	// asked is the socket of the last question to one server, -1 before. It stays open, unread, because
	// the kernel would answer the server's reply to a closed port with an ICMP error; the packet socket sees
	// that reply as well.
	asked int
}

// Socket is a Conn on a network interface, for one user at a time.
type Socket interface {
	Conn
	// Close ends it and closes the channel that Receive returns.
	Close() error
}

// Open listens on the interface of an index and name.
func Open(index int, name string) (Socket, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("opening a packet socket on %s: %w", name, err)
	}
	s := &socket{fd: fd, index: index, name: name, asked: -1, arrived: make(chan *dhcpv4.DHCPv4, 8)}
	s.file = os.NewFile(uintptr(fd), "packet:"+name)
	// The filter comes before the protocol: a socket without one would take in everything for a moment.
	if err := attach(fd); err != nil {
		s.file.Close()
		return nil, fmt.Errorf("filtering packets on %s: %w", name, err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_IP), Ifindex: index}); err != nil {
		s.file.Close()
		return nil, fmt.Errorf("listening on %s: %w", name, err)
	}
	go s.receive()
	return s, nil
}

func (s *socket) Receive() <-chan *dhcpv4.DHCPv4 { return s.arrived }

func (s *socket) Close() error {
	s.hold(-1)
	return s.file.Close()
}

func (s *socket) hold(fd int) {
	if s.asked >= 0 {
		unix.Close(s.asked)
	}
	s.asked = fd
}

func (s *socket) receive() {
	defer close(s.arrived)
	buf := make([]byte, 65536)
	for failures := 0; failures < 16; {
		n, err := s.file.Read(buf)
		if err != nil {
			// ENETDOWN is reported once each time the interface goes down; others end in closing.
			failures++
			if s.file.SetReadDeadline(time.Time{}) != nil {
				return
			}
			continue
		}
		failures = 0
		body, err := payload(buf[:n])
		if err != nil {
			continue
		}
		// FromBytes keeps no reference to buf.
		if p, err := dhcpv4.FromBytes(body); err == nil {
			select {
			case s.arrived <- p:
			default: // nobody is asking
			}
		}
	}
}

func (s *socket) Send(p *dhcpv4.DHCPv4, from, to netip.Addr) error {
	if to.IsValid() && !to.IsUnspecified() {
		return s.unicast(p, from, to)
	}
	if !from.IsValid() {
		from = netip.IPv4Unspecified()
	}
	everyone := &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_IP), Ifindex: s.index, Halen: 6}
	for i := range 6 {
		everyone.Addr[i] = 0xff
	}
	if err := unix.Sendto(s.fd, datagram(p.ToBytes(), from, broadcast), 0, everyone); err != nil {
		return fmt.Errorf("broadcasting on %s: %w", s.name, err)
	}
	return nil
}

// unicast leaves routing and address resolution to the kernel: the host has its address.
func (s *socket) unicast(p *dhcpv4.DHCPv4, from, to netip.Addr) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("opening a socket on %s: %w", s.name, err)
	}
	s.hold(fd)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err := unix.BindToDevice(fd, s.name); err != nil {
		return fmt.Errorf("binding to %s: %w", s.name, err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: clientPort, Addr: from.As4()}); err != nil {
		return fmt.Errorf("sending from %v: %w", from, err)
	}
	if err := unix.Sendto(fd, p.ToBytes(), 0, &unix.SockaddrInet4{Port: serverPort, Addr: to.As4()}); err != nil {
		return fmt.Errorf("sending to %v: %w", to, err)
	}
	return nil
}

// attach lets only UDP datagrams to the client's port pass (classic BPF, Documentation/networking/filter.rst).
func attach(fd int) error {
	const (
		loadByte  = unix.BPF_LD | unix.BPF_B | unix.BPF_ABS
		loadHalf  = unix.BPF_LD | unix.BPF_H | unix.BPF_ABS
		loadIndex = unix.BPF_LDX | unix.BPF_B | unix.BPF_MSH
		loadAtX   = unix.BPF_LD | unix.BPF_H | unix.BPF_IND
		jumpEqual = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		jumpSet   = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		give      = unix.BPF_RET | unix.BPF_K
	)
	program := []unix.SockFilter{
		{Code: loadByte, K: 9}, // protocol
		{Code: jumpEqual, K: protoUDP, Jf: 6},
		{Code: loadHalf, K: 6}, // flags and fragment offset
		{Code: jumpSet, K: 0x1fff, Jt: 4},
		{Code: loadIndex, K: 0}, // X = header length
		{Code: loadAtX, K: 2},   // destination port
		{Code: jumpEqual, K: clientPort, Jf: 1},
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
