package qemu

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/vm/qemu/gate"
)

// Who sends, and whom they may claim to be.
var (
	own, other     = net.HardwareAddr{0x52, 0x54, 0, 0, 0, 1}, net.HardwareAddr{0x52, 0x54, 0, 0, 0, 2}
	everyone       = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	own4, other4   = net.IP{192, 0, 2, 5}, net.IP{192, 0, 2, 6}
	own6, other6   = net.ParseIP("2001:db8::5"), net.ParseIP("2001:db8::6")
	local, foreign = net.ParseIP("fe80::5054:ff:fe00:1"), net.ParseIP("fe80::1")
	nobody4        = net.IP{0, 0, 0, 0}
)

func wire(all ...gopacket.SerializableLayer) []byte {
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func ether(from net.HardwareAddr, kind layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: from, DstMAC: everyone, EthernetType: kind}
}

func question(from, sender net.HardwareAddr, senderIP, target net.IP) []byte {
	return wire(ether(from, layers.EthernetTypeARP), &layers.ARP{AddrType: 1, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: 1,
		SourceHwAddress: sender, SourceProtAddress: senderIP.To4(), DstHwAddress: make([]byte, 6), DstProtAddress: target.To4()})
}

func four(mac net.HardwareAddr, from net.IP, kind layers.IPProtocol, body []byte) []byte {
	return wire(ether(mac, layers.EthernetTypeIPv4), &layers.IPv4{Version: 4, TTL: 64, Protocol: kind, SrcIP: from, DstIP: net.IP{192, 0, 2, 9}}, gopacket.Payload(body))
}

// six is a packet whose header chain is written out: kind is the number of its first part.
func six(mac net.HardwareAddr, from net.IP, kind layers.IPProtocol, body ...byte) []byte {
	return wire(ether(mac, layers.EthernetTypeIPv6), &layers.IPv6{Version: 6, HopLimit: 255, NextHeader: kind, SrcIP: from, DstIP: net.ParseIP("ff02::1")}, gopacket.Payload(body))
}

func udp(from, to uint16) []byte {
	b := binary.BigEndian.AppendUint16(nil, from)
	return append(binary.BigEndian.AppendUint16(b, to), 0, 12, 0, 0, 1, 2, 3, 4)
}

// icmp is an ICMPv6 message; after are a target, or other reserved words, and options.
func icmp(kind byte, after ...[]byte) []byte {
	return append([]byte{kind, 0, 0, 0, 0, 0, 0, 0}, bytes.Join(after, nil)...)
}

func option(kind byte, mac net.HardwareAddr) []byte { return append([]byte{kind, 1}, mac...) }

func fragment(kind byte, offset uint16, body []byte) []byte {
	return append([]byte{kind, 0, byte(offset >> 8), byte(offset), 0, 0, 0, 1}, body...)
}

func before(kind byte, body []byte) []byte { return append([]byte{kind, 0, 1, 4, 0, 0, 0, 0}, body...) }

// tagged puts tags into a frame.
func tagged(frame []byte, tags ...byte) []byte {
	return bytes.Join([][]byte{frame[:12], tags, frame[12:]}, nil)
}

// What passes from which interface: n names its addresses, f does not, t is a trunk, T is trusted.
var frames = []struct {
	name, passes string
	frame        []byte
}{
	{"its own question", "nftT", question(own, own, own4, other4)},
	{"another's frame", "T", question(other, own, own4, other4)},
	{"another's hardware address in a question", "T", question(own, other, own4, other4)},
	{"another's address in a question", "ftT", question(own, own, other4, own4)},
	{"a probe for its own address", "nftT", question(own, own, nobody4, own4)},
	{"a probe for another's", "ftT", question(own, own, nobody4, other4)},

	{"its own packet", "nftT", four(own, own4, 6, udp(1000, 80))},
	{"another's packet", "ftT", four(own, other4, 6, udp(1000, 80))},
	{"another's packet in another's frame", "T", four(other, other4, 6, udp(1000, 80))},
	{"a search for DHCP servers", "nftT", four(own, nobody4, 17, udp(68, 67))},
	{"a DHCP server's answer", "T", four(own, own4, 17, udp(67, 68))},
	{"one from another port", "T", four(own, own4, 17, udp(4011, 68))},
	{"one with IP options", "T", wire(ether(own, layers.EthernetTypeIPv4), &layers.IPv4{Version: 4, TTL: 1, Protocol: 17, SrcIP: own4, DstIP: other4,
		Options: []layers.IPv4Option{{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}}}, gopacket.Payload(udp(67, 68)))},
	{"the first fragment of one", "T", wire(ether(own, layers.EthernetTypeIPv4), &layers.IPv4{Version: 4, TTL: 64, Protocol: 17, Flags: layers.IPv4MoreFragments, SrcIP: own4, DstIP: other4}, gopacket.Payload(udp(67, 68)))},
	{"another fragment", "nftT", wire(ether(own, layers.EthernetTypeIPv4), &layers.IPv4{Version: 4, TTL: 64, Protocol: 17, FragOffset: 1, SrcIP: own4, DstIP: other4}, gopacket.Payload(udp(67, 68)))},
	{"a ping", "nftT", four(own, own4, 1, []byte{8, 0, 0, 0, 0, 0, 0, 0})},
	{"a redirect", "T", four(own, own4, 1, []byte{5, 0, 0, 0, 0, 0, 0, 0})},
	{"a router's advertisement by ICMP", "T", four(own, own4, 1, []byte{9, 0, 0, 0, 0, 0, 0, 0})},

	{"its own packet by IPv6", "nftT", six(own, own6, 6, udp(1000, 80)...)},
	{"another's by IPv6", "ftT", six(own, other6, 6, udp(1000, 80)...)},
	{"from its link-local address", "nftT", six(own, local, 58, icmp(128)...)},
	{"from another one", "ftT", six(own, foreign, 58, icmp(128)...)},
	{"a search for a duplicate", "nftT", six(own, net.IPv6zero, 58, icmp(135, own6)...)},
	{"one with a nonce", "nftT", six(own, net.IPv6zero, 58, icmp(135, local, []byte{14, 1, 1, 2, 3, 4, 5, 6})...)},
	{"one for another's address", "ftT", six(own, net.IPv6zero, 58, icmp(135, other6)...)},
	{"a neighbour's solicitation", "nftT", six(own, own6, 58, icmp(135, other6, option(1, own))...)},
	{"with another's hardware address", "T", six(own, own6, 58, icmp(135, other6, option(1, other))...)},
	{"with that behind its own", "T", six(own, own6, 58, icmp(135, other6, option(1, own), option(1, other))...)},
	{"with an option without length", "T", six(own, own6, 58, icmp(135, other6, []byte{14, 0, 0, 0, 0, 0, 0, 0})...)},
	{"a neighbour's advertisement", "nftT", six(own, own6, 58, icmp(136, own6, option(2, own))...)},
	{"another's advertisement", "ftT", six(own, own6, 58, icmp(136, other6, option(2, own))...)},
	{"one with another's hardware address", "T", six(own, own6, 58, icmp(136, own6, option(2, other))...)},
	{"a router's solicitation", "nftT", six(own, local, 58, icmp(133, option(1, own))...)},
	{"one from nobody", "nftT", six(own, net.IPv6zero, 58, icmp(133)...)},
	{"a router's advertisement", "T", six(own, local, 58, icmp(134, make([]byte, 8))...)},
	{"one behind a header", "T", six(own, local, 0, before(58, icmp(134, make([]byte, 8)))...)},
	{"one behind two", "T", six(own, local, 0, before(60, before(58, icmp(134, make([]byte, 8))))...)},
	{"one in a fragment", "T", six(own, local, 44, fragment(58, 1, icmp(134, make([]byte, 8)))...)},
	{"one in a fragment of a fragment", "T", six(own, local, 44, fragment(44, 1, fragment(58, 1, icmp(134, make([]byte, 8))))...)},
	{"a chain that goes on elsewhere", "T", six(own, local, 44, fragment(60, 1, before(58, nil))...)},
	{"a later fragment by IPv6", "nftT", six(own, own6, 44, fragment(58, 8, icmp(134, make([]byte, 8)))...)},
	{"a chain without an end", "T", six(own, local, 60, bytes.Repeat(before(60, nil), 20)...)},
	{"a redirect by IPv6", "T", six(own, local, 58, icmp(137, make([]byte, 32))...)},
	{"membership of groups", "nftT", six(own, net.IPv6zero, 0, before(58, icmp(143))...)},
	{"a DHCPv6 client", "nftT", six(own, local, 17, udp(546, 547)...)},
	{"a DHCPv6 server", "T", six(own, local, 17, udp(547, 546)...)},
	{"nobody's packet", "T", six(own, net.IPv6zero, 17, udp(1000, 80)...)},

	{"a tag", "tT", tagged(question(own, own, own4, other4), 0x81, 0, 0, 7)},
	{"another's frame in a tag", "T", tagged(question(own, other, own4, other4), 0x81, 0, 0, 7)},
	{"two tags", "T", tagged(question(own, own, own4, other4), 0x81, 0, 0, 7, 0x81, 0, 0, 8)},
	{"a spanning tree", "T", bytes.Join([][]byte{{1, 0x80, 0xc2, 0, 0, 0}, own, {0, 38, 0x42, 0x42, 3}, make([]byte, 35)}, nil)},
	{"PPPoE", "T", wire(ether(own, 0x8863), gopacket.Payload(make([]byte, 40)))},
	{"a packet that is cut off", "T", wire(ether(own, layers.EthernetTypeIPv4), gopacket.Payload{0x45, 0})[:16]},
	{"IPv4 that says it is IPv6", "T", tail(four(own, own4, 6, nil), 12, 0x86, 0xdd)},
}

// tail overwrites octets of a frame.
func tail(frame []byte, at int, with ...byte) []byte {
	copy(frame[at:], with)
	return frame
}

// What a guest sends reaches its network only where it is the guest's to send, by a real kernel's interface and bridge.
func TestGate(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	named := []netip.Prefix{netip.MustParsePrefix("192.0.2.5/32"), netip.MustParsePrefix("2001:db8::5/128"), netip.MustParsePrefix("198.51.100.0/24")}
	far := plug(t, "far", spec.VMNIC{MAC: "52:54:00:00:00:09", Trusted: true})
	for kind, n := range map[string]spec.VMNIC{"n": {Addresses: named}, "f": {}, "t": {Trunk: true}, "T": {Trusted: true}} {
		n.MAC = spec.MAC(own.String())
		tap := plug(t, "near-"+kind, n)
		refused := 0
		for _, tt := range frames {
			want := strings.Contains(tt.passes, kind)
			if !want {
				refused++
			}
			if got := tap.reaches(t, far, tt.frame); got != want {
				t.Errorf("%s from %s: passes: %v, want %v\n%x", tt.name, kind, got, want, tt.frame)
			}
			counts, err := gate.Refused()
			if count, there := counts[tap.index]; err != nil || there == n.Trusted || there && int(count) != refused {
				t.Errorf("with %s from %s %d frames were refused, %v, %v; want %d", tt.name, kind, count, there, err, refused)
				refused = int(count)
			}
		}
		tap.Close()
		if counts, err := gate.Refused(); err != nil || len(counts) > 0 {
			t.Errorf("filters outlive their interface: %v, %v", counts, err)
		}
	}
}

// As many addresses as check accepts fit into a program.
func TestGateOfManyAddresses(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	n := spec.VMNIC{MAC: spec.MAC(own.String())}
	for i := range 64 {
		a := netip.MustParseAddr("2001:db8::").As16()
		a[15] = byte(i)
		n.Addresses = append(n.Addresses, netip.PrefixFrom(netip.AddrFrom16(a), 127+i%2).Masked())
	}
	far := plug(t, "far", spec.VMNIC{MAC: "52:54:00:00:00:09", Trusted: true})
	tap := plug(t, "near", n)
	for address, want := range map[string]bool{"2001:db8::1": true, "2001:db8::3f": true, "2001:db8::40": false, "2001:db9::1": false} {
		if got := tap.reaches(t, far, six(own, net.ParseIP(address), 6, udp(1000, 80)...)); got != want {
			t.Errorf("from %s: passes: %v, want %v", address, got, want)
		}
	}
}

// Guests that are isolated reach others, and each other not.
func TestIsolated(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	nic := func(mac string, isolated bool) spec.VMNIC { return spec.VMNIC{MAC: spec.MAC(mac), Isolated: isolated} }
	first, second, third := plug(t, "first", nic("52:54:00:00:00:01", true)), plug(t, "second", nic("52:54:00:00:00:02", true)), plug(t, "third", nic("52:54:00:00:00:03", false))
	mine, theirs := question(own, own, own4, other4), question(other, other, other4, own4)
	for _, tt := range []struct {
		name     string
		from, to plugged
		frame    []byte
		want     bool
	}{
		{"to one that is", first, second, mine, false}, {"back", second, first, theirs, false},
		{"to one that is not", first, third, mine, true}, {"to one that is not, from the other", second, third, theirs, true},
		{"from one that is not", third, first, question(net.HardwareAddr{0x52, 0x54, 0, 0, 0, 3}, net.HardwareAddr{0x52, 0x54, 0, 0, 0, 3}, other4, own4), true},
	} {
		if got := tt.from.reaches(t, tt.to, tt.frame); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// plugged is a guest's interface, by the file that its QEMU would have.
type plugged struct {
	*os.File
	index int
}

// inNetwork says whether the test runs in a network of its own, which has a bridge that forwards at once.
func inNetwork(t *testing.T) bool {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("interfaces are root's")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skipf("no tap devices here: %v", err)
	}
	if !nettest.Within(t, time.Minute, 0) {
		return false
	}
	req := nl.NewNetlinkRequest(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK)
	req.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	req.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated("br0")))
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("bridge"))
	data := info.AddRtAttr(nl.IFLA_INFO_DATA, nil)
	data.AddRtAttr(nl.IFLA_BR_FORWARD_DELAY, nl.Uint32Attr(0))
	data.AddRtAttr(nl.IFLA_BR_MCAST_SNOOPING, nl.Uint8Attr(0)) // which keeps reports from all but routers
	req.AddData(info)
	if _, err := req.Execute(unix.NETLINK_ROUTE, 0); err != nil {
		t.Skipf("no bridges here: %v", err)
	}
	for _, kind := range []string{"arp", "ip", "ip6"} { // where the kernel has it, it drops what the gate is to be tried with
		_ = os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-"+kind+"tables", []byte("0"), 0)
	}
	bridge, err := netlink.LinkByName("br0")
	if err == nil {
		err = netlink.LinkSetUp(bridge)
	}
	if err != nil {
		t.Fatal(err)
	}
	return true
}

func plug(t *testing.T, name string, n spec.VMNIC) plugged {
	t.Helper()
	n.Bridge = "br0"
	f, err := openTap(File{Kind: TapFile, Path: name, NIC: n})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	link, err := net.InterfaceByName(name)
	if err == nil {
		err = unix.SetNonblock(int(f.Fd()), true)
	}
	if err != nil {
		t.Fatal(err)
	}
	return plugged{f, link.Index}
}

// header is what QEMU puts before each frame (struct virtio_net_hdr): nothing is left to be done.
var header = make([]byte, 10)

// reaches sends a frame by one interface, and says whether it comes out of another. A kernel passes it on before the write ends.
func (p plugged) reaches(t *testing.T, to plugged, frame []byte) (there bool) {
	t.Helper()
	if _, err := unix.Write(int(p.Fd()), append(header[:len(header):len(header)], frame...)); err != nil {
		t.Fatal(err)
	}
	for {
		b := make([]byte, 2000)
		n, err := unix.Read(int(to.Fd()), b)
		if errors.Is(err, unix.EAGAIN) {
			return there
		}
		if err != nil || n < len(header) {
			t.Fatal(n, err)
		}
		there = there || bytes.Equal(b[len(header):n], frame)
	}
}
