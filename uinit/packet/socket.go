// Package packet opens packet sockets (packet(7)): they work on an interface that has no address yet.
package packet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Instructions of filters (classic BPF, Documentation/networking/filter.rst). Offsets count from the end of the link's header;
// what Give returns of a packet is how many octets of it are heard, All or 0.
const (
	LoadByte  = unix.BPF_LD | unix.BPF_B | unix.BPF_ABS
	LoadHalf  = unix.BPF_LD | unix.BPF_H | unix.BPF_ABS
	LoadWord  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	LoadIndex = unix.BPF_LDX | unix.BPF_B | unix.BPF_MSH // X = the length of an IPv4 header
	LoadAtX   = unix.BPF_LD | unix.BPF_H | unix.BPF_IND
	JumpEqual = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	JumpSet   = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	Give      = unix.BPF_RET | unix.BPF_K

	All = 65535
)

// Socket hears what passes its filter on one interface, without the link's header. Reads wait, and can be given a deadline.
type Socket struct {
	*os.File
	fd       int
	name     string
	everyone unix.SockaddrLinklayer
}

// Open listens for packets of a protocol (unix.ETH_P_IP) on the interface of an index and name.
func Open(index int, name string, protocol uint16, filter []unix.SockFilter) (*Socket, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("opening a packet socket on %s: %w", name, err)
	}
	s := &Socket{os.NewFile(uintptr(fd), "packet:"+name), fd, name, unix.SockaddrLinklayer{
		Protocol: bigEndian(protocol), Ifindex: index, Halen: 6, Addr: [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	}}
	// The filter comes before the protocol: a socket without one would take in everything for a moment.
	err = errors.Join(unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}),
		unix.Bind(fd, &s.everyone))
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("listening on %s: %w", name, err)
	}
	return s, nil
}

// Broadcast sends a packet to everyone on the link.
func (s *Socket) Broadcast(b []byte) error {
	if err := unix.Sendto(s.fd, b, 0, &s.everyone); err != nil {
		return fmt.Errorf("broadcasting on %s: %w", s.name, err)
	}
	return nil
}

// Here reads a packet that has come already; unix.EAGAIN says that there is none.
func (s *Socket) Here(b []byte) (int, error) {
	n, _, err := unix.Recvfrom(s.fd, b, unix.MSG_DONTWAIT)
	return n, err
}

// bigEndian is htons.
func bigEndian(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}
