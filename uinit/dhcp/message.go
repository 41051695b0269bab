package dhcp

import (
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"
)

// wanted are the options a server is asked for. An address is of little use without
// them, so servers must be reminded (RFC 2131, section 3.5).
var wanted = []dhcpv4.OptionCode{
	dhcpv4.OptionSubnetMask, dhcpv4.OptionClasslessStaticRoute, dhcpv4.OptionRouter, // this order: RFC 3442
	dhcpv4.OptionDomainNameServer, dhcpv4.OptionDomainName, dhcpv4.OptionInterfaceMTU, dhcpv4.OptionNTPServers,
	dhcpv4.OptionIPAddressLeaseTime, dhcpv4.OptionServerIdentifier,
	dhcpv4.OptionRenewTimeValue, dhcpv4.OptionRebindingTimeValue,
}

// message makes a request. Its client identifier is the hardware address, so that the machine gets the same address from
// one boot to the next, and as a firmware that booted it from the network did.
func (c *Client) message(kind dhcpv4.MessageType, xid dhcpv4.TransactionID, begun time.Time, options ...dhcpv4.Option) *dhcpv4.DHCPv4 {
	p := &dhcpv4.DHCPv4{
		OpCode: dhcpv4.OpcodeBootRequest, HWType: iana.HWTypeEthernet,
		TransactionID: xid, ClientHWAddr: c.MAC, NumSeconds: uint16(min(time.Since(begun)/time.Second, 0xffff)),
		ClientIPAddr: net.IPv4zero, YourIPAddr: net.IPv4zero, ServerIPAddr: net.IPv4zero, GatewayIPAddr: net.IPv4zero,
		Options: dhcpv4.OptionsFromList(
			dhcpv4.OptMessageType(kind),
			dhcpv4.OptClientIdentifier(append([]byte{byte(iana.HWTypeEthernet)}, c.MAC...)),
			dhcpv4.OptMaxMessageSize(1500),
			dhcpv4.OptParameterRequestList(wanted...),
		),
	}
	if kind == dhcpv4.MessageTypeDecline {
		// It asks for nothing (RFC 2131, table 5).
		p.DeleteOption(dhcpv4.OptionParameterRequestList)
		p.DeleteOption(dhcpv4.OptionMaximumDHCPMessageSize)
	} else if c.Hostname != nil {
		if name := c.Hostname(); name != "" {
			p.UpdateOption(dhcpv4.OptHostName(name))
		}
	}
	for _, o := range options {
		p.UpdateOption(o)
	}
	return p
}

// answers says whether p is a server's answer to this client in a transaction.
func (c *Client) answers(p *dhcpv4.DHCPv4, xid dhcpv4.TransactionID) bool {
	return p.OpCode == dhcpv4.OpcodeBootReply && p.TransactionID == xid && string(p.ClientHWAddr) == string(c.MAC)
}

// requested is the option for the address a client wants or has.
func requested(a netip.Addr) dhcpv4.Option {
	return dhcpv4.OptRequestedIPAddress(net.IP(a.AsSlice()))
}
