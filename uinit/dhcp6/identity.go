package dhcp6

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// wishes are the options a server is asked for, and what it may call us.
func (c *Client) wishes() options {
	codes := []uint16{optDNS, optDomains, optSNTP, optNTP, optSolMaxRT}
	if c.Stateless {
		codes = append(codes, optRefresh)
	}
	var b []byte
	for _, code := range slices.Sorted(slices.Values(codes)) {
		b = binary.BigEndian.AppendUint16(b, code)
	}
	o := options{{optRequest, b}}
	if c.Hostname != nil && !c.Stateless {
		if name := wireName(c.Hostname()); name != nil {
			o = append(o, option{optFQDN, append([]byte{0}, name...)})
		}
	}
	return o
}

// association is the one set of addresses that is asked for, with the address that is meant, if any.
func (c *Client) association(a netip.Addr) option {
	id := c.iaid()
	b := append(id[:], make([]byte, 8)...)
	if a.IsValid() {
		b = append(b, options{{optAddress, append(a.AsSlice(), make([]byte, 8)...)}}.bytes()...)
	}
	return option{optIANA, b}
}

// duid is made of the hardware address alone (DUID-LL; RFC 8415, section 11.4): it is the same from one boot to the next,
// without anything that would have to be kept.
func (c *Client) duid() []byte { return append([]byte{0, 3, 0, 1}, c.MAC...) }

func (c *Client) iaid() (id [4]byte) {
	copy(id[:], c.MAC[max(0, len(c.MAC)-4):])
	return id
}
