package lan

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"slices"
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

// dialled plugs a cable in, as QEMU does.
func dialled(t *testing.T, cable string, err error) net.Conn {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp4", strings.TrimPrefix(cable, "socket,connect="))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// Frames pass a cable as QEMU writes them; one that is for one machine brings what is for it and for groups.
func TestCable(t *testing.T) {
	s := NewSegment()
	defer s.Close()
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 1}
	cable, err := s.Cable()
	from := dialled(t, cable, err)
	cable, err = s.Cable()
	all := dialled(t, cable, err)
	cable, err = s.CableFor(mac)
	some := dialled(t, cable, err)
	frame := func(to net.HardwareAddr) []byte {
		return append(append(binary.BigEndian.AppendUint32(nil, 60), to...), make([]byte, 54)...)
	}
	others, mine, groups := frame(net.HardwareAddr{2, 0, 0, 0, 0, 2}), frame(mac), frame(everybody)
	// The other ends may be plugged in a little later, so each frame is sent again and again.
	stop := every(0, pace, func() { from.Write(slices.Concat(others, mine, groups)) })
	defer stop()
	for _, want := range []struct {
		conn net.Conn
		text []byte
	}{{all, slices.Concat(others, mine, groups)}, {some, slices.Concat(mine, groups, mine)}} {
		got := make([]byte, len(want.text))
		if _, err := io.ReadFull(want.conn, got); err != nil || !bytes.Equal(got, want.text) {
			t.Errorf("%x arrived, %v, want %x", got, err, want.text)
		}
	}
}
