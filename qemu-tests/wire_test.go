package qemu_tests

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// wire is a segment on which packets are made by hand, and every frame of others is looked at.
type wire struct {
	*lan.Segment

	mu   sync.Mutex
	seen []gopacket.Packet
	news chan struct{} // closed with each frame
}

func newWire(t *testing.T) *wire {
	w := &wire{Segment: segment(t), news: make(chan struct{})}
	w.Watch(func(frame []byte) {
		p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, p)
		close(w.news)
		w.news = make(chan struct{})
	})
	return w
}

// packet is what a test sends and what it looks for.
type packet struct {
	from, to        net.HardwareAddr
	vlan            uint16
	source, target  netip.Addr
	sport, dport    uint16
	syn, ack, isRST bool
	udp             bool
	payload         string
}

// frame puts a packet together, with lengths and checksums.
func (p packet) frame() []byte {
	kind := layers.EthernetTypeIPv4
	if p.source.Is6() {
		kind = layers.EthernetTypeIPv6
	}
	ether := &layers.Ethernet{SrcMAC: p.from, DstMAC: p.to, EthernetType: kind}
	all := []gopacket.SerializableLayer{ether}
	if p.vlan != 0 {
		ether.EthernetType = layers.EthernetTypeDot1Q
		all = append(all, &layers.Dot1Q{VLANIdentifier: p.vlan, Type: kind})
	}
	protocol := layers.IPProtocolTCP
	if p.udp {
		protocol = layers.IPProtocolUDP
	}
	var network gopacket.NetworkLayer
	if p.source.Is6() {
		ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: protocol, SrcIP: p.source.AsSlice(), DstIP: p.target.AsSlice()}
		all, network = append(all, ip), ip
	} else {
		ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: protocol, SrcIP: p.source.AsSlice(), DstIP: p.target.AsSlice()}
		all, network = append(all, ip), ip
	}
	if p.udp {
		udp := &layers.UDP{SrcPort: layers.UDPPort(p.sport), DstPort: layers.UDPPort(p.dport)}
		_ = udp.SetNetworkLayerForChecksum(network)
		all = append(all, udp)
	} else {
		tcp := &layers.TCP{SrcPort: layers.TCPPort(p.sport), DstPort: layers.TCPPort(p.dport), SYN: p.syn, ACK: p.ack, RST: p.isRST, Window: 1000, Seq: 1, Ack: 2}
		if !p.ack {
			tcp.Ack = 0
		}
		_ = tcp.SetNetworkLayerForChecksum(network)
		all = append(all, tcp)
	}
	all = append(all, gopacket.Payload(p.payload))
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		panic("BUG: " + err.Error())
	}
	return b.Bytes()
}

// transport says that a frame carries TCP or UDP between these addresses and ports; port 0 is any.
func transport(source, target netip.Addr, sport, dport uint16) func(gopacket.Packet) bool {
	return func(p gopacket.Packet) bool {
		n, l := p.NetworkLayer(), p.TransportLayer()
		if n == nil || l == nil {
			return false
		}
		from, _ := netip.AddrFromSlice(n.NetworkFlow().Src().Raw())
		to, _ := netip.AddrFromSlice(n.NetworkFlow().Dst().Raw())
		ports := func(raw []byte, want uint16) bool {
			return want == 0 || len(raw) == 2 && uint16(raw[0])<<8|uint16(raw[1]) == want
		}
		return from == source && to == target && ports(l.TransportFlow().Src().Raw(), sport) && ports(l.TransportFlow().Dst().Raw(), dport)
	}
}

// prohibited says that a frame tells a host that its packets are not wanted (RFC 1812, section 5.2.7.1).
func prohibited(to netip.Addr) func(gopacket.Packet) bool {
	return func(p gopacket.Packet) bool {
		icmp, ok := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4)
		if !ok || p.NetworkLayer() == nil {
			return false
		}
		dst, _ := netip.AddrFromSlice(p.NetworkLayer().NetworkFlow().Dst().Raw())
		return dst == to && icmp.TypeCode == layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4CodeCommAdminProhibited)
	}
}

// has says whether such a frame has come up to now.
func (w *wire) has(want func(gopacket.Packet) bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.seen {
		if want(p) {
			return true
		}
	}
	return false
}

// sees sends a frame from a wire, again and again as any sender does, until such a one comes here.
func (w *wire) sees(t *testing.T, what string, from *wire, frame []byte, want func(gopacket.Packet) bool) {
	t.Helper()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(soon)
	for from.Inject(frame); !w.has(want); {
		w.mu.Lock()
		news := w.news
		w.mu.Unlock()
		if w.has(want) {
			break
		}
		select {
		case <-news:
		case <-again.C:
			from.Inject(frame)
		case <-deadline:
			t.Errorf("%s: did not come", what)
			return
		}
	}
	t.Logf("%s", what)
}

func mac(i int) net.HardwareAddr {
	a, err := net.ParseMAC(string(qemu.MAC(i)))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return a
}

// who asks for the owner of an address.
func who(from net.HardwareAddr, source, target string) []byte {
	b := gopacket.NewSerializeBuffer()
	all := net.HardwareAddr{255, 255, 255, 255, 255, 255}
	s, to := addr(source).As4(), addr(target).As4()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{}, &layers.Ethernet{SrcMAC: from, DstMAC: all, EthernetType: layers.EthernetTypeARP},
		&layers.ARP{AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: layers.ARPRequest,
			SourceHwAddress: from, SourceProtAddress: s[:], DstHwAddress: make([]byte, 6), DstProtAddress: to[:]})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return b.Bytes()
}
