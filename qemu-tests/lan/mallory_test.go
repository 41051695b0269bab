package lan

import (
	"bytes"
	"net"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Each attack is what it is called, as anybody on the segment reads it, and no two of its frames are alike.
func TestAttacks(t *testing.T) {
	v := Victim{MAC: net.HardwareAddr{0x52, 0x54, 0, 0, 0, 1}, Four: netip.MustParseAddr("192.0.2.20"), Router: netip.MustParseAddr("192.0.2.1"), Port: 22}
	want := map[string]gopacket.LayerType{
		"router advertisements": layers.LayerTypeICMPv6RouterAdvertisement, "redirects": layers.LayerTypeICMPv4, "DHCP": layers.LayerTypeDHCPv4, "ARP": layers.LayerTypeARP,
		"neighbour discovery": layers.LayerTypeICMPv6, "NTP": layers.LayerTypeNTP, "SYN": layers.LayerTypeTCP, "fragments": gopacket.LayerTypeFragment,
	}
	for _, a := range Attacks {
		s := NewSegment()
		var seen [][]byte
		s.Watch(func(frame []byte) { seen = append(seen, bytes.Clone(frame)) })
		s.Mallory(v).Send(a, 12)
		s.Close()
		if len(seen) != 12 {
			t.Errorf("%s: %d frames", a.Name, len(seen))
		}
		for i, frame := range seen {
			p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
			if bad := p.ErrorLayer(); bad != nil || p.Layer(want[a.Name]) == nil {
				t.Errorf("%s: frame %d is %v", a.Name, i, p)
			}
			for _, other := range seen[:i] {
				if bytes.Equal(frame, other) {
					t.Errorf("%s: frame %d comes twice", a.Name, i)
				}
			}
		}
	}
	if got, want := v.Local().String(), "fe80::5054:ff:fe00:1"; got != want {
		t.Errorf("the link-local address is %s, want %s", got, want)
	}
}
