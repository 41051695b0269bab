package dhcp

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/packet"
)

// socket is a Conn over a packet socket.
type socket struct {
	*packet.Socket
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
	// Only UDP datagrams to the client's port.
	p, err := packet.Open(index, name, unix.ETH_P_IP, []unix.SockFilter{
		{Code: packet.LoadByte, K: 9}, // protocol
		{Code: packet.JumpEqual, K: protoUDP, Jf: 6},
		{Code: packet.LoadHalf, K: 6}, // flags and fragment offset
		{Code: packet.JumpSet, K: 0x1fff, Jt: 4},
		{Code: packet.LoadIndex, K: 0},
		{Code: packet.LoadAtX, K: 2}, // destination port
		{Code: packet.JumpEqual, K: clientPort, Jf: 1},
		{Code: packet.Give, K: packet.All},
		{Code: packet.Give, K: 0},
	})
	if err != nil {
		return nil, err
	}
	s := &socket{Socket: p, name: name, asked: -1, arrived: make(chan *dhcpv4.DHCPv4, 8)}
	go s.receive()
	return s, nil
}

func (s *socket) Receive() <-chan *dhcpv4.DHCPv4 { return s.arrived }

func (s *socket) Close() error {
	s.hold(-1)
	return s.Socket.Close()
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
		n, err := s.Read(buf)
		if err != nil {
			// ENETDOWN is reported once each time the interface goes down; others end in closing.
			failures++
			if s.SetReadDeadline(time.Time{}) != nil {
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
	return s.Broadcast(datagram(p.ToBytes(), from, broadcast))
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
