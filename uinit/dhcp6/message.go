// Package dhcp6 asks DHCPv6 servers for an address, and for what else hosts need to know (RFC 8415). The
// client is one goroutine over a small connection interface, so that whole days of a lease run in a test's
// virtual time. Messages and options are the library's.
package dhcp6

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

type (
	kind    = dhcpv6.MessageType
	message = dhcpv6.Message
	options = dhcpv6.Options
)

var errFormat = errors.New("not a DHCPv6 message")

// option holds its data as it is. With the library's types of options one that is malformed would lose the whole message, and
// the init would be 110 KB larger.
func option(code dhcpv6.OptionCode, data []byte) dhcpv6.Option {
	return &dhcpv6.OptionGeneric{OptionCode: code, OptionData: data}
}

// parse reads a message. It keeps b.
func parse(b []byte) (*message, error) {
	if len(b) < dhcpv6.MessageHeaderSize {
		return nil, errFormat
	}
	o, err := parseOptions(b[dhcpv6.MessageHeaderSize:])
	return &message{MessageType: kind(b[0]), TransactionID: dhcpv6.TransactionID(b[1:4]), Options: dhcpv6.MessageOptions{Options: o}}, err
}

func parseOptions(b []byte) (options, error) {
	var o options
	err := o.FromBytesWithParser(b, func(code dhcpv6.OptionCode, data []byte) (dhcpv6.Option, error) { return option(code, data), nil })
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errFormat, err)
	}
	return o, nil
}

// data is that of the first option of a code; nil where there is none.
func data(o options, code dhcpv6.OptionCode) []byte {
	if x := o.GetOne(code); x != nil {
		return x.ToBytes()
	}
	return nil
}

// addresses reads a list of IPv6 addresses, without those that are nobody's.
func addresses(b []byte) []netip.Addr {
	var all []netip.Addr
	for ; len(b) >= 16; b = b[16:] {
		if a := netip.AddrFrom16([16]byte(b[:16])); usable(a) {
			all = append(all, a)
		}
	}
	return all
}

func usable(a netip.Addr) bool {
	return !a.IsUnspecified() && !a.IsMulticast() && !a.IsLoopback() && !a.Is4In6()
}
