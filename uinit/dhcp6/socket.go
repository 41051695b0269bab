package dhcp6

import (
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Ports and the address of all servers on a link (RFC 8415, sections 7.1 and 7.2).
const (
	clientPort = 546
	serverPort = 547
)

var allServers = netip.MustParseAddr("ff02::1:2").As16()

// socket is a Conn over UDP from an interface's link-local address.
type socket struct {
	file    *os.File
	fd      int
	index   int
	name    string
	arrived chan []byte
}

// Socket is a Conn on a network interface, for one user at a time.
type Socket interface {
	Conn
	// Close ends it and closes the channel that Receive returns.
	Close() error
}

// Open listens on the interface of an index and name, at its link-local address, which must no longer be tentative.
func Open(index int, name string, local netip.Addr) (Socket, error) {
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("opening a socket on %s: %w", name, err)
	}
	s := &socket{fd: fd, index: index, name: name, arrived: make(chan []byte, 8), file: os.NewFile(uintptr(fd), "dhcp6:"+name)}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err := unix.Bind(fd, &unix.SockaddrInet6{Port: clientPort, ZoneId: uint32(index), Addr: local.As16()}); err != nil {
		s.file.Close()
		return nil, fmt.Errorf("listening at %v on %s: %w", local, name, err)
	}
	go s.receive()
	return s, nil
}

func (s *socket) Receive() <-chan []byte { return s.arrived }
func (s *socket) Close() error           { return s.file.Close() }

func (s *socket) Send(b []byte) error {
	err := unix.Sendto(s.fd, b, 0, &unix.SockaddrInet6{Port: serverPort, ZoneId: uint32(s.index), Addr: allServers})
	if err != nil {
		return fmt.Errorf("sending to all DHCPv6 servers on %s: %w", s.name, err)
	}
	return nil
}

func (s *socket) receive() {
	defer close(s.arrived)
	buf := make([]byte, 65536)
	for failures := 0; failures < 16; {
		n, err := s.file.Read(buf)
		if err != nil {
			// ICMP errors are reported once each; others end in closing.
			failures++
			if s.file.SetReadDeadline(time.Time{}) != nil {
				return
			}
			continue
		}
		failures = 0
		select {
		case s.arrived <- append([]byte(nil), buf[:n]...):
		default: // nobody is asking
		}
	}
}
