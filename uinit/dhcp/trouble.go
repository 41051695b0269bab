package dhcp

import (
	"fmt"
	"net"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/imgbuild/imgbuild/uinit/dhcp/said"
)

// refused notes that a server said no, and its reason, which is for people (RFC 2132, section 9.9).
func (c *Client) refused(asked, answer *dhcpv4.DHCPv4) {
	address := asked.RequestedIPAddress()
	if address == nil {
		address = asked.ClientIPAddr
	}
	c.Wrong(fmt.Sprintf("%s refused %v on %s%s", serverOf(answer), address, c.Link, said.Quote(answer.Message())))
}

// useful says whether an answer has a lease in it. What it lacks for that is worth a word: to say that nobody answers would be wrong.
func (c *Client) useful(p *dhcpv4.DHCPv4) bool {
	_, err := leaseFrom(p, time.Time{})
	if err != nil {
		c.Wrong(fmt.Sprintf("%s answers on %s what is of no use: %v", serverOf(p), c.Link, err))
	}
	return err == nil
}

// serverOf names the one that answers.
func serverOf(p *dhcpv4.DHCPv4) string {
	for _, ip := range []net.IP{p.ServerIdentifier(), p.ServerIPAddr} {
		if a, ok := address(ip); ok {
			return "DHCP server " + a.String()
		}
	}
	return "a DHCP server"
}
