package dhcp6

import (
	"net/netip"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"
)

// wishes are the options a server is asked for, and what it may call us.
func (c *Client) wishes() options {
	codes := []dhcpv6.OptionCode{dhcpv6.OptionDNSRecursiveNameServer, dhcpv6.OptionDomainSearchList, dhcpv6.OptionSNTPServerList,
		dhcpv6.OptionNTPServer, dhcpv6.OptionSolMaxRT}
	if c.Stateless {
		codes = append(codes, dhcpv6.OptionInformationRefreshTime)
	}
	slices.Sort(codes)
	o := options{dhcpv6.OptRequestedOption(codes...)}
	if c.Hostname != nil && !c.Stateless {
		if name := wireName(c.Hostname()); name != nil {
			o.Add(option(dhcpv6.OptionFQDN, append([]byte{0}, name...)))
		}
	}
	return o
}

// association is the one set of addresses that is asked for, with the address that is meant, if any.
func (c *Client) association(a netip.Addr) dhcpv6.Option {
	id := c.iaid()
	b := append(id[:], make([]byte, 8)...)
	if a.IsValid() {
		b = append(b, options{option(dhcpv6.OptionIAAddr, append(a.AsSlice(), make([]byte, 8)...))}.ToBytes()...)
	}
	return option(dhcpv6.OptionIANA, b)
}

// duid is made of the hardware address alone (DUID-LL; RFC 8415, section 11.4): it is the same from one boot to the next,
// without anything that would have to be kept.
func (c *Client) duid() []byte {
	return dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: c.MAC}.ToBytes()
}

func (c *Client) iaid() (id [4]byte) {
	copy(id[:], c.MAC[max(0, len(c.MAC)-4):])
	return id
}
