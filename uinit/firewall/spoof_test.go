package firewall

import (
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/nettest"
)

// A guest behind nat0 does not answer for somebody on br0, by the rules that a host of guests is shipped with: the kernel would
// take its packet for part of the host's connection.
func TestGuestsDoNotAnswerForOthers(t *testing.T) {
	nft := needed.Program(t, "nft")
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWUSER) {
		return
	}
	own, other, behind := net.ParseIP("2001:db8::1"), net.ParseIP("2001:db8::2"), net.ParseIP("fd00::1")
	br0, office := cable(t, "br0", "office", own)
	nat0, guest := cable(t, "nat0", "guest", behind)
	neighbour := &netlink.Neigh{LinkIndex: br0.Index, IP: other, HardwareAddr: office.HardwareAddr, State: netlink.NUD_PERMANENT}
	if err := netlink.NeighAdd(neighbour); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(nft, "-f", "../../overlays/hypervisor/etc/nftables.nft").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	conn, err := net.DialUDP("udp6", &net.UDPAddr{IP: own}, &net.UDPAddr{IP: other, Port: 53})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("a question")); err != nil {
		t.Fatal(err)
	}
	answer := func(from, to *net.Interface, text string) {
		t.Helper()
		ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, SrcIP: other, DstIP: own}
		udp := &layers.UDP{SrcPort: 53, DstPort: layers.UDPPort(conn.LocalAddr().(*net.UDPAddr).Port)}
		_ = udp.SetNetworkLayerForChecksum(ip)
		b := gopacket.NewSerializeBuffer()
		err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
			&layers.Ethernet{SrcMAC: from.HardwareAddr, DstMAC: to.HardwareAddr, EthernetType: layers.EthernetTypeIPv6}, ip, udp, gopacket.Payload(text))
		if err == nil {
			err = inject(from.Index, b.Bytes())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	answer(guest, nat0, "forged")
	answer(office, br0, "true")
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 100)
	n, err := conn.Read(got)
	if err != nil || string(got[:n]) != "true" {
		t.Errorf("the first answer is %q, %v", got[:n], err)
	}
}

// cable makes an interface with an address, and its far end.
func cable(t *testing.T, name, far string, address net.IP) (near, end *net.Interface) {
	t.Helper()
	v := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: far}
	if err := netlink.LinkAdd(v); err != nil {
		t.Skipf("no veth here: %v", err)
	}
	for _, side := range []struct {
		name string
		at   **net.Interface
	}{{name, &near}, {far, &end}} {
		l, err := netlink.LinkByName(side.name)
		if err == nil {
			err = netlink.LinkSetUp(l)
		}
		if err == nil {
			*side.at, err = net.InterfaceByName(side.name)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	to := &netlink.Addr{IPNet: &net.IPNet{IP: address, Mask: net.CIDRMask(64, 128)}, Flags: unix.IFA_F_NODAD}
	if err := netlink.AddrAdd(v, to); err != nil {
		t.Fatal(err)
	}
	return near, end
}

// inject sends a frame out of an interface.
func inject(index int, frame []byte) error {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: index})
}
