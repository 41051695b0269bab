package dhcp

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

func ack(more ...dhcpv4.Modifier) *dhcpv4.DHCPv4 {
	m, err := dhcpv4.NewDiscovery(mac)
	if err != nil {
		panic(err)
	}
	return reply(m, dhcpv4.MessageTypeAck, append([]dhcpv4.Modifier{dhcpv4.WithLeaseTime(3600)}, more...)...)
}

func TestLeaseFrom(t *testing.T) {
	start := time.Unix(1e9, 0)
	route := func(dst, via string) Route { return Route{netip.MustParsePrefix(dst), netip.MustParseAddr(via)} }
	usual := Lease{
		Address: netip.MustParsePrefix("192.0.2.100/24"), Server: netip.MustParseAddr("192.0.2.1"),
		Routes: []Route{route("0.0.0.0/0", "192.0.2.1")}, Start: start,
		Duration: time.Hour, Renew: 30 * time.Minute, Rebind: 52*time.Minute + 30*time.Second,
	}
	tests := map[string]struct {
		option dhcpv4.Modifier
		want   func(*Lease)
	}{
		"no T1 and T2": {func(*dhcpv4.DHCPv4) {}, func(*Lease) {}},
		"T1 and T2": {func(p *dhcpv4.DHCPv4) {
			p.UpdateOption(dhcpv4.OptRenewTimeValue(10 * time.Minute))
			p.UpdateOption(dhcpv4.OptRebindingTimeValue(20 * time.Minute))
		}, func(l *Lease) { l.Renew, l.Rebind = 10*time.Minute, 20*time.Minute }},
		"T1 after T2": {func(p *dhcpv4.DHCPv4) {
			p.UpdateOption(dhcpv4.OptRenewTimeValue(50 * time.Minute))
			p.UpdateOption(dhcpv4.OptRebindingTimeValue(20 * time.Minute))
		}, func(l *Lease) { l.Renew, l.Rebind = 20*time.Minute, 20*time.Minute }},
		"T2 after the end":  {dhcpv4.WithOption(dhcpv4.OptRebindingTimeValue(2 * time.Hour)), func(*Lease) {}},
		"no mask: by class": {dhcpv4.WithoutOption(dhcpv4.OptionSubnetMask), func(*Lease) {}},
		"mask with holes":   {dhcpv4.WithNetmask(net.IPMask{255, 0, 255, 0}), func(*Lease) {}},
		"for ever": {dhcpv4.WithLeaseTime(0xffffffff), func(l *Lease) {
			l.Duration, l.Renew, l.Rebind = forever, forever/2, forever/8*7
		}},
		"name servers and domain": {func(p *dhcpv4.DHCPv4) {
			p.UpdateOption(dhcpv4.OptDNS(net.IPv4(192, 0, 2, 53), net.IPv4zero))
			p.UpdateOption(dhcpv4.OptDomainName("Example.NET."))
		}, func(l *Lease) { l.DNS, l.Domain = []netip.Addr{netip.MustParseAddr("192.0.2.53")}, "example.net" }},
		"time servers": {dhcpv4.WithOption(dhcpv4.OptNTPServers(net.IPv4(192, 0, 2, 123), net.IPv4zero)), func(l *Lease) {
			l.NTP = []netip.Addr{netip.MustParseAddr("192.0.2.123")}
		}},
		"a domain that writes lines": {dhcpv4.WithOption(dhcpv4.OptDomainName("x\nnameserver 198.51.100.1")), func(*Lease) {}},
		"classless routes replace routers": {dhcpv4.WithOption(dhcpv4.OptClasslessStaticRoute(
			&dhcpv4.Route{Dest: &net.IPNet{IP: net.IPv4(198, 51, 100, 0), Mask: net.CIDRMask(24, 32)}, Router: net.IPv4(192, 0, 2, 9)},
			&dhcpv4.Route{Dest: &net.IPNet{IP: net.IPv4(203, 0, 113, 0), Mask: net.CIDRMask(24, 32)}, Router: net.IPv4zero},
		)), func(l *Lease) {
			l.Routes = []Route{route("198.51.100.0/24", "192.0.2.9"), route("203.0.113.0/24", "0.0.0.0")}
		}},
		"MTU":            {dhcpv4.WithOption(dhcpv4.OptGeneric(dhcpv4.OptionInterfaceMTU, []byte{5, 0})), func(l *Lease) { l.MTU = 1280 }},
		"MTU of 68":      {dhcpv4.WithOption(dhcpv4.OptGeneric(dhcpv4.OptionInterfaceMTU, []byte{0, 68})), func(l *Lease) { l.MTU = 68 }},
		"MTU cut short":  {dhcpv4.WithOption(dhcpv4.OptGeneric(dhcpv4.OptionInterfaceMTU, []byte{5})), func(*Lease) {}},
		"router 0.0.0.0": {dhcpv4.WithRouter(net.IPv4zero), func(l *Lease) { l.Routes = nil }},
		"a router that is no host": {dhcpv4.WithRouter(net.IPv4(224, 0, 0, 1), net.IPv4(127, 0, 0, 1), net.IPv4bcast, net.IPv4(192, 0, 2, 9)), func(l *Lease) {
			l.Routes = []Route{route("0.0.0.0/0", "192.0.2.9")}
		}},
		"a router that is this machine": {dhcpv4.WithRouter(net.IPv4(192, 0, 2, 100)), func(l *Lease) { l.Routes = nil }},
		"a classless route by no host": {dhcpv4.WithOption(dhcpv4.OptClasslessStaticRoute(
			&dhcpv4.Route{Dest: &net.IPNet{IP: net.IPv4(198, 51, 100, 0), Mask: net.CIDRMask(24, 32)}, Router: net.IPv4(224, 0, 0, 9)},
			&dhcpv4.Route{Dest: &net.IPNet{IP: net.IPv4(203, 0, 113, 0), Mask: net.CIDRMask(24, 32)}, Router: net.IPv4(192, 0, 2, 9)},
		)), func(l *Lease) { l.Routes = []Route{route("203.0.113.0/24", "192.0.2.9")} }},
		"a name server that is no host": {dhcpv4.WithDNS(net.IPv4(239, 1, 2, 3), net.IPv4(127, 0, 0, 53)), func(*Lease) {}},
		"no router":                     {dhcpv4.WithoutOption(dhcpv4.OptionRouter), func(l *Lease) { l.Routes = nil }},
		"routes, garbage":               {dhcpv4.WithOption(dhcpv4.OptGeneric(dhcpv4.OptionClasslessStaticRoute, []byte{99, 1})), func(*Lease) {}},
	}
	for name, tt := range tests {
		want := usual
		tt.want(&want)
		got, err := leaseFrom(ack(tt.option), start)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v\nwant %+v", name, got, err, want)
		}
	}
}

func TestDatagram(t *testing.T) {
	body := []byte("odd number of bytes")
	packet := datagram(body, netip.IPv4Unspecified(), broadcast)
	if got := sum(packet[:ipHeader], 0); got != 0xffff {
		t.Errorf("IPv4 header sums to %#x, want 0xffff", got)
	}
	udp := packet[ipHeader:]
	if got := sum(udp, uint32(sum(packet[12:20], 0))+protoUDP+uint32(len(udp))); got != 0xffff {
		t.Errorf("UDP datagram sums to %#x, want 0xffff", got)
	}
	// As it comes back from a server: to the client's port, padded by the wire.
	udp[2], udp[3] = 0, clientPort
	got, err := payload(append(packet, make([]byte, 18)...))
	if err != nil || !bytes.Equal(got, body) {
		t.Errorf("payload %q, %v; want %q", got, err, body)
	}
	if _, err := payload(packet[:len(packet)-1]); !errors.Is(err, errNotOurs) {
		t.Errorf("a packet cut short: %v", err)
	}
}

// Whatever the network sends, the client must not fall over, and a lease must make sense.
func FuzzAnswer(f *testing.F) {
	packet := datagram(ack().ToBytes(), netip.IPv4Unspecified(), broadcast)
	packet[ipHeader+3] = clientPort
	f.Add(packet)
	f.Add(packet[:30])
	f.Fuzz(func(t *testing.T, packet []byte) {
		body, err := payload(packet)
		if err != nil {
			return
		}
		p, err := dhcpv4.FromBytes(body)
		if err != nil {
			return
		}
		l, err := leaseFrom(p, time.Unix(0, 0))
		if err != nil {
			return
		}
		if !l.Address.IsValid() || l.Duration <= 0 || l.Renew > l.Rebind || l.Rebind > l.Duration {
			t.Errorf("a lease without sense: %+v", l)
		}
	})
}
