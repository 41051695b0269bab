// Package dhcp6 asks DHCPv6 servers for an address, and for what else hosts need to know (RFC 8415). The
// client is one goroutine over a small connection interface, so that whole days of a lease run in a test's
// virtual time. The few options it needs it reads itself.
package dhcp6

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// kind is a message's type (RFC 8415, section 7.3).
type kind byte

const (
	solicit     kind = 1
	advertise   kind = 2
	request     kind = 3
	confirm     kind = 4
	renew       kind = 5
	rebind      kind = 6
	reply       kind = 7
	decline     kind = 9
	information kind = 11
)

func (k kind) String() string {
	names := map[kind]string{
		solicit: "SOLICIT", advertise: "ADVERTISE", request: "REQUEST", confirm: "CONFIRM", renew: "RENEW",
		rebind: "REBIND", reply: "REPLY", decline: "DECLINE", information: "INFORMATION-REQUEST",
	}
	return names[k]
}

// The options there are here (RFC 8415, section 21; RFC 3646, RFC 4075, RFC 4704, RFC 5908).
const (
	optClientID    = 1
	optServerID    = 2
	optIANA        = 3
	optAddress     = 5
	optRequest     = 6
	optPreference  = 7
	optElapsed     = 8
	optStatus      = 13
	optRapidCommit = 14
	optDNS         = 23
	optDomains     = 24
	optSNTP        = 31
	optRefresh     = 32
	optFQDN        = 39
	optNTP         = 56
	optSolMaxRT    = 82
)

// message is one between client and server (RFC 8415, section 8).
type message struct {
	kind    kind
	id      [3]byte
	options options
}

type option struct {
	code uint16
	data []byte
}

type options []option

var errFormat = errors.New("not a DHCPv6 message")

// parse reads a message. It keeps b.
func parse(b []byte) (message, error) {
	if len(b) < 4 {
		return message{}, errFormat
	}
	o, err := parseOptions(b[4:])
	return message{kind(b[0]), [3]byte(b[1:4]), o}, err
}

func parseOptions(b []byte) (options, error) {
	var out options
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, errFormat
		}
		length := int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < 4+length {
			return nil, errFormat
		}
		out = append(out, option{binary.BigEndian.Uint16(b), b[4 : 4+length]})
		b = b[4+length:]
	}
	return out, nil
}

func (m message) bytes() []byte {
	return append([]byte{byte(m.kind), m.id[0], m.id[1], m.id[2]}, m.options.bytes()...)
}

func (o options) bytes() []byte {
	var b []byte
	for _, x := range o {
		b = binary.BigEndian.AppendUint16(b, x.code)
		b = binary.BigEndian.AppendUint16(b, uint16(len(x.data)))
		b = append(b, x.data...)
	}
	return b
}

// get is the first option of a code; nil where there is none.
func (o options) get(code uint16) []byte {
	for _, x := range o {
		if x.code == code {
			return x.data
		}
	}
	return nil
}

func (o options) has(code uint16) bool {
	for _, x := range o {
		if x.code == code {
			return true
		}
	}
	return false
}

// addresses reads a list of IPv6 addresses, without those that are nobody's.
func (o options) addresses(code uint16) []netip.Addr {
	var all []netip.Addr
	for b := o.get(code); len(b) >= 16; b = b[16:] {
		if a := netip.AddrFrom16([16]byte(b[:16])); usable(a) {
			all = append(all, a)
		}
	}
	return all
}

func usable(a netip.Addr) bool {
	return !a.IsUnspecified() && !a.IsMulticast() && !a.IsLoopback() && !a.Is4In6()
}
