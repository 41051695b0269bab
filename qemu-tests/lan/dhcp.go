package lan

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/insomniacslk/dhcp/dhcpv4"
)

// DHCP4 is a host's DHCP server, which knows one client.
type DHCP4 struct {
	host *Host

	mu sync.Mutex
	// address is what it lends, with the length of its network; the zero value keeps it silent.
	address netip.Prefix
	lease   time.Duration
}

// DHCP4 starts a server that is silent so far.
func (h *Host) DHCP4() *DHCP4 {
	d := &DHCP4{host: h}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.udp[dhcpv4.ServerPort] = func(_ netip.Addr, payload []byte) {
		if m, err := dhcpv4.FromBytes(payload); err == nil && m.OpCode == dhcpv4.OpcodeBootRequest {
			d.answer(m)
		}
	}
	return d
}

// Lend changes what is lent and for how long. Requests for anything else are refused.
func (d *DHCP4) Lend(address netip.Prefix, lease time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.address, d.lease = address, lease
}

// Away makes the server silent until it lends again.
func (d *DHCP4) Away() { d.Lend(netip.Prefix{}, 0) }

func (d *DHCP4) answer(m *dhcpv4.DHCPv4) {
	d.host.hear("DHCPv4 " + m.MessageType().String())
	d.mu.Lock()
	address, lease := d.address, d.lease
	d.mu.Unlock()
	if !address.IsValid() {
		return
	}
	kind := dhcpv4.MessageTypeOffer
	if m.MessageType() == dhcpv4.MessageTypeRequest {
		kind = dhcpv4.MessageTypeAck
		asked := m.RequestedIPAddress()
		if asked == nil {
			asked = m.ClientIPAddr
		}
		if !asked.Equal(address.Addr().AsSlice()) {
			kind = dhcpv4.MessageTypeNak
		}
	}
	me := d.host.addresses[0]
	server := net.IP(me.AsSlice())
	modifiers := []dhcpv4.Modifier{dhcpv4.WithMessageType(kind), dhcpv4.WithOption(dhcpv4.OptServerIdentifier(server))}
	if kind != dhcpv4.MessageTypeNak {
		modifiers = append(modifiers, dhcpv4.WithYourIP(address.Addr().AsSlice()), dhcpv4.WithNetmask(net.CIDRMask(address.Bits(), 32)),
			dhcpv4.WithRouter(server), dhcpv4.WithLeaseTime(uint32(lease/time.Second)))
	}
	r, err := dhcpv4.NewReplyFromRequest(m, modifiers...)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	d.host.send4(m.ClientHWAddr, me, netip.AddrFrom4([4]byte{255, 255, 255, 255}), layers.IPProtocolUDP,
		&layers.UDP{SrcPort: dhcpv4.ServerPort, DstPort: dhcpv4.ClientPort}, gopacket.Payload(r.ToBytes()))
}
