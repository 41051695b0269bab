// Package lan is an Ethernet on the host's side of QEMU: cables to guests, and hosts that are routers and servers
// as a test needs them. All of it lives in user space: no root, no tap.
package lan

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
)

// Segment is a hub: what comes in at one port goes out at all others.
type Segment struct {
	mu    sync.Mutex
	ports map[*port]bool
	// listeners are those that no guest has plugged into yet.
	listeners []net.Listener
	closed    bool
}

// port takes a frame that others sent.
type port struct{ send func(frame []byte) }

// NewSegment makes a segment without ports. Close it.
func NewSegment() *Segment { return &Segment{ports: map[*port]bool{}} }

// Cable returns what connects a guest's interface, as qemu.NIC.Backend. A cable serves one guest, once.
func (s *Segment) Cable() (string, error) { return s.lay(nil) }

// CableFor is a cable that brings what is for one machine or for several, as that of a switch. QEMU's user network needs one: it takes
// all that comes for its own, and resets connections that others have.
func (s *Segment) CableFor(mac net.HardwareAddr) (string, error) { return s.lay(mac) }

// lay returns the cable to a machine with this hardware address; nil is for one that sees everything.
func (s *Segment) lay(only net.HardwareAddr) (string, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("laying a cable: %w", err)
	}
	s.mu.Lock()
	s.listeners = append(s.listeners, l)
	s.mu.Unlock()
	go func() {
		conn, err := l.Accept()
		l.Close()
		if err == nil {
			s.serve(conn, only)
		}
	}()
	return "socket,connect=" + l.Addr().String(), nil
}

// Close takes out all cables and hosts.
func (s *Segment) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	clear(s.ports)
	for _, l := range s.listeners {
		l.Close()
	}
}

// serve forwards what a guest sends, until it ends. Each frame follows its length in four bytes (net/socket.c
// in QEMU's source).
func (s *Segment) serve(conn net.Conn, only net.HardwareAddr) {
	defer conn.Close()
	p := s.plug(func(frame []byte) {
		const group = 1
		if only != nil && (len(frame) < len(only) || frame[0]&group == 0 && !bytes.HasPrefix(frame, only)) {
			return
		}
		_, _ = conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...))
	})
	defer s.unplug(p)
	for {
		var length [4]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		frame := make([]byte, binary.BigEndian.Uint32(length[:]))
		if _, err := io.ReadFull(conn, frame); err != nil {
			return
		}
		s.forward(p, frame)
	}
}

// Watch shows all frames that pass, one at a time.
func (s *Segment) Watch(see func(frame []byte)) { s.plug(see) }

// Inject sends a frame to all ports, as from a host that is not there.
func (s *Segment) Inject(frame []byte) { s.forward(nil, frame) }

func (s *Segment) plug(send func([]byte)) *port {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &port{send}
	if !s.closed {
		s.ports[p] = true
	}
	return p
}

func (s *Segment) unplug(p *port) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ports, p)
}

// forward hands a frame to all ports but its own. A host may answer at once, so none is called under the lock.
func (s *Segment) forward(from *port, frame []byte) {
	s.mu.Lock()
	var to []*port
	for p := range s.ports {
		if p != from {
			to = append(to, p)
		}
	}
	s.mu.Unlock()
	for _, p := range to {
		p.send(frame)
	}
}
