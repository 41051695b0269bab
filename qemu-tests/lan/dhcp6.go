package lan

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"
)

// DHCP6 is a host's DHCPv6 server, which knows one client.
type DHCP6 struct {
	host *Host

	mu sync.Mutex
	// address is what it lends; the zero value keeps it silent.
	address netip.Addr
	lease   time.Duration
	dns     []net.IP
}

// DHCP6 starts a server that is silent so far. It names name servers to who asks for them.
func (h *Host) DHCP6(dns ...netip.Addr) *DHCP6 {
	d := &DHCP6{host: h}
	for _, a := range dns {
		d.dns = append(d.dns, a.AsSlice())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.udp[dhcpv6.DefaultServerPort] = func(from netip.Addr, payload []byte) {
		if m, err := dhcpv6.MessageFromBytes(payload); err == nil {
			d.answer(from, m)
		}
	}
	return d
}

// Lend changes what is lent and for how long, all of it preferred. Who has another address is told that it is no good.
func (d *DHCP6) Lend(address netip.Addr, lease time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.address, d.lease = address, lease
}

// Away makes the server silent until it lends again.
func (d *DHCP6) Away() { d.Lend(netip.Addr{}, 0) }

func (d *DHCP6) answer(from netip.Addr, m *dhcpv6.Message) {
	d.host.hear("DHCPv6 " + m.MessageType.String())
	d.mu.Lock()
	address, lease := d.address, d.lease
	d.mu.Unlock()
	if !address.IsValid() {
		return
	}
	me := &dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: d.host.MAC}
	if asked := m.Options.ServerID(); asked != nil && !asked.Equal(me) || m.Options.ClientID() == nil {
		return
	}
	with := []dhcpv6.Modifier{dhcpv6.WithServerID(me), dhcpv6.WithDNS(d.dns...)}
	ia := m.Options.OneIANA()
	if ia != nil {
		with = append(with, d.association(m, ia, address, lease))
	}
	r := &dhcpv6.Message{MessageType: dhcpv6.MessageTypeReply, TransactionID: m.TransactionID}
	if m.MessageType == dhcpv6.MessageTypeSolicit {
		r.MessageType = dhcpv6.MessageTypeAdvertise
	}
	r.AddOption(dhcpv6.OptClientID(m.Options.ClientID()))
	for _, add := range with {
		add(r)
	}
	d.host.send6(d.host.Neighbour(from), d.host.LinkLocal, from, layers.IPProtocolUDP,
		&layers.UDP{SrcPort: dhcpv6.DefaultServerPort, DstPort: dhcpv6.DefaultClientPort}, gopacket.Payload(r.ToBytes()))
}

// association is the answer about an address: lent, or in the words of RFC 8415, section 18.3, no good.
func (d *DHCP6) association(m *dhcpv6.Message, ia *dhcpv6.OptIANA, address netip.Addr, lease time.Duration) dhcpv6.Modifier {
	has := slices.ContainsFunc(ia.Options.Addresses(), func(a *dhcpv6.OptIAAddress) bool { return a.IPv6Addr.Equal(address.AsSlice()) })
	status := func(code iana.StatusCode) *dhcpv6.OptStatusCode { return &dhcpv6.OptStatusCode{StatusCode: code} }
	reply := &dhcpv6.OptIANA{IaId: ia.IaId}
	switch m.MessageType {
	case dhcpv6.MessageTypeConfirm:
		if has {
			return dhcpv6.WithOption(status(iana.StatusSuccess))
		}
		return dhcpv6.WithOption(status(iana.StatusNotOnLink))
	case dhcpv6.MessageTypeDecline, dhcpv6.MessageTypeRelease:
		return dhcpv6.WithOption(status(iana.StatusSuccess))
	case dhcpv6.MessageTypeRenew, dhcpv6.MessageTypeRebind:
		if !has {
			reply.Options.Add(status(iana.StatusNoBinding))
			return dhcpv6.WithOption(reply)
		}
	}
	reply.T1, reply.T2 = lease/2, lease/5*4
	reply.Options.Add(&dhcpv6.OptIAAddress{IPv6Addr: address.AsSlice(), PreferredLifetime: lease, ValidLifetime: lease})
	return dhcpv6.WithOption(reply)
}
