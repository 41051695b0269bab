package dhcp

import (
	"fmt"
	"net"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/imgbuild/imgbuild/internal/shown"
)

// Waiting says which answer the client is waiting for, "no answer to DHCPDISCOVER on lan", and how it asked so far, " (4 sent)",
// with what went wrong before that. Both are empty while the lease is good.
func (c *Client) Waiting() (what, asked string) {
	if s := c.waiting.Load(); s != nil {
		return s[0], s[1]
	}
	return "", ""
}

func (c *Client) say(what, asked string) { c.waiting.Store(&[2]string{what, asked}) }

// since is what the client waits for now, after what went wrong.
func (c *Client) since(what string) string {
	if c.why == "" {
		return what
	}
	return c.why + "; since then " + what
}

// warn remembers what went wrong, and tells it unless it was told last.
func (c *Client) warn(text string) {
	c.why = text
	if c.Warn != nil && text != c.warned {
		c.Warn(text)
	}
	c.warned = text
}

// longestReason bounds what is shown of a server's words, in bytes.
const longestReason = 200

// refused notes that a server said no, and its reason, which is for people (RFC 2132, section 9.9).
func (c *Client) refused(asked, answer *dhcpv4.DHCPv4) {
	address := asked.RequestedIPAddress()
	if address == nil {
		address = asked.ClientIPAddr
	}
	text := fmt.Sprintf("%s refused %v on %s", serverOf(answer), address, c.Link)
	if reason := answer.Message(); reason != "" {
		text += `: "` + shown.Line(reason[:min(len(reason), longestReason)]) + `"`
	}
	c.warn(text)
}

// useful says whether an answer has a lease in it. What it lacks for that is worth a word: to say that nobody answers would be wrong.
func (c *Client) useful(p *dhcpv4.DHCPv4) bool {
	_, err := leaseFrom(p, time.Time{})
	if err != nil {
		c.warn(fmt.Sprintf("%s answers on %s what is of no use: %v", serverOf(p), c.Link, err))
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
