package lan

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestPing(t *testing.T) {
	s := NewSegment()
	defer s.Close()
	near := s.Host(1, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1"))
	far := s.Host(2, netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("2001:db8::2"))
	for _, to := range far.addresses {
		p := near.Ping(to)
		if err := p.Answers(3, 5*time.Second); err != nil {
			t.Errorf("%v: %v", to, err)
		}
		if sent, answered := p.Stop(); sent < answered || answered < 3 {
			t.Errorf("%v: %d sent, %d answered", to, sent, answered)
		}
	}
	far.Unplug()
	p := near.Ping(far.addresses[0])
	defer p.Stop()
	if err := p.Answers(1, 3*pace); err == nil {
		t.Error("a host that is not there answers")
	}
}

// Hosts of one VLAN hear each other, whichever segment of it they are on, and nobody else.
func TestVLAN(t *testing.T) {
	s := NewSegment()
	defer s.Close()
	near := s.VLAN(20).Host(1, netip.MustParseAddr("192.0.2.1"))
	s.VLAN(20).Host(2, netip.MustParseAddr("192.0.2.2"))
	s.VLAN(30).Host(3, netip.MustParseAddr("192.0.2.3"))
	s.Host(4, netip.MustParseAddr("192.0.2.4"))
	p := near.Ping(netip.MustParseAddr("192.0.2.2"))
	if err := p.Answers(3, 5*time.Second); err != nil {
		t.Error(err)
	}
	p.Stop()
	for _, other := range []string{"192.0.2.3", "192.0.2.4"} {
		p := near.Ping(netip.MustParseAddr(other))
		if err := p.Answers(1, 3*pace); err == nil {
			t.Errorf("%s answers from another network", other)
		}
		p.Stop()
	}
}

// Frames pass a cable as QEMU writes them.
func TestCable(t *testing.T) {
	s := NewSegment()
	defer s.Close()
	var ends []net.Conn
	for range 2 {
		cable, err := s.Cable()
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp4", strings.TrimPrefix(cable, "socket,connect="))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		ends = append(ends, conn)
	}
	frame := append(binary.BigEndian.AppendUint32(nil, 60), make([]byte, 60)...)
	got := make([]byte, len(frame))
	arrived := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(ends[1], got)
		arrived <- err
	}()
	// The other end may be plugged in a little later.
	stop := every(0, pace, func() { ends[0].Write(frame) })
	defer stop()
	if err := <-arrived; err != nil || string(got) != string(frame) {
		t.Errorf("%x arrived, %v", got, err)
	}
}
