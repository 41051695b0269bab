package netcmdline

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// automatic are the words for addresses that are not stated; nil is one that Firmware puts others in the place of.
var automatic = map[string]func(*spec.Addressing){
	"dhcp": dhcp4, "on": dhcp4, "any": dhcp4, "single-dhcp": dhcp4,
	"dhcp6": func(a *spec.Addressing) { a.DHCP6 = yes() },
	// Routers say whether there is more than their networks, and then it is asked for.
	"auto6": func(a *spec.Addressing) { a.RA = yes() }, "either6": func(a *spec.Addressing) { a.RA = yes() },
	"link6": func(a *spec.Addressing) { a.RA = new(bool) },
	"none":  func(*spec.Addressing) {}, "off": func(*spec.Addressing) {}, "": func(*spec.Addressing) {},
	"ibft": nil,
}

func dhcp4(a *spec.Addressing) { a.DHCP4 = true }

func yes() *bool {
	b := true
	return &b
}

// ip reads the forms of ip=:
//
//	METHOD
//	INTERFACE:METHOD[:[MTU][:MAC]]
//	CLIENT:[PEER]:[GATEWAY]:[NETMASK]:[HOSTNAME]:[INTERFACE]:METHOD[:[MTU][:MAC]]
//	CLIENT:[PEER]:[GATEWAY]:[NETMASK]:[HOSTNAME]:[INTERFACE]:METHOD[:[DNS1][:DNS2]]
func (o *overrider) ip(value string) error {
	fields := split(value)
	if len(fields) == 1 && !isAddress(fields[0]) {
		return o.everywhere(fields[0])
	}
	var s statement
	if fields[0] == "" || isAddress(fields[0]) {
		fields = append(fields, make([]string, max(0, 7-len(fields)))...)
		s = statement{client: fields[0], peer: fields[1], gateway: fields[2], mask: fields[3], host: fields[4], name: fields[5], method: fields[6], rest: fields[7:]}
	} else {
		s = statement{name: fields[0], method: fields[1], rest: fields[2:]}
	}
	apply, err := s.read()
	if err != nil {
		return err
	}
	name := s.name
	if name == "" {
		name = o.first()
	}
	if err := o.ensure(name); err != nil {
		return err
	}
	if s.host != "" {
		if err := o.m.Hostname.UnmarshalText([]byte(s.host)); err != nil {
			return err
		}
	}
	o.state(name, apply)
	if s.peer != "" {
		peer, err := netip.ParseAddr(s.peer)
		if err != nil {
			return fmt.Errorf("%q is not the address of a peer", s.peer)
		}
		o.addRoute(spec.Route{Destination: netip.PrefixFrom(peer, peer.BitLen()), Link: name, Metric: 50})
	}
	return nil
}

// statement is what ip= says of one interface.
type statement struct {
	client, peer, gateway, mask, host, name, method string
	rest                                            []string
}

// read checks all of it before anything is done.
func (s *statement) read() (func(*spec.Addressing), error) {
	method, known := automatic[s.method]
	if method == nil {
		if known {
			return nil, fmt.Errorf("the firmware has no table of an interface that it booted from; ip=ibft alone asks for it")
		}
		return nil, fmt.Errorf("%q is no way to get an address; accepted: %s", s.method, strings.TrimLeft(strings.Join(slices.Sorted(maps.Keys(automatic)), ", "), ", "))
	}
	var address netip.Prefix
	var gateway netip.Addr
	var err error
	if s.client != "" {
		if address, err = parsePrefix(s.client, s.mask); err != nil {
			return nil, err
		}
	}
	if s.gateway != "" {
		if gateway, err = netip.ParseAddr(s.gateway); err != nil {
			return nil, fmt.Errorf("%q is not a router's address", s.gateway)
		}
	}
	mtu, mac, servers, err := s.tail()
	if err != nil {
		return nil, err
	}
	return func(a *spec.Addressing) {
		method(a)
		a.NoAddress = false
		if address.IsValid() {
			a.Addresses = append(a.Addresses, address)
		}
		if gateway.IsValid() {
			a.Gateways = append(a.Gateways, gateway)
		}
		a.DNS = append(a.DNS, servers...)
		if mtu != 0 {
			a.MTU = mtu
		}
		if mac != "" {
			a.MAC = mac
		}
	}, nil
}

// tail reads name servers, or an MTU and a hardware address.
func (s *statement) tail() (mtu int, mac spec.MAC, servers []netip.Addr, err error) {
	if slices.ContainsFunc(s.rest, isAddress) {
		for _, f := range s.rest[:min(2, len(s.rest))] {
			if f == "" {
				continue
			}
			a, err := netip.ParseAddr(f)
			if err != nil {
				return 0, "", nil, fmt.Errorf("%q is not a name server's address", f)
			}
			servers = append(servers, a)
		}
		return 0, "", servers, nil
	}
	if len(s.rest) > 0 && s.rest[0] != "" {
		if mtu, err = strconv.Atoi(s.rest[0]); err != nil || mtu < 68 || mtu > 65535 {
			return 0, "", nil, fmt.Errorf("MTU %q; accepted: 68 to 65535", s.rest[0])
		}
	}
	// Colons separate its octets, too.
	if text := strings.Join(s.rest[min(1, len(s.rest)):], ":"); text != "" {
		if err := mac.UnmarshalText([]byte(text)); err != nil {
			return 0, "", nil, err
		}
	}
	return mtu, mac, nil, nil
}

// everywhere gives all interfaces that can have addresses the same way to get them; with BOOTIF= only the one booted from.
func (o *overrider) everywhere(word string) error {
	method, ok := automatic[word]
	if !ok || method == nil || word == "" {
		s := statement{method: word}
		if word == "" {
			s.method = "nothing"
		}
		_, err := s.read()
		return err
	}
	if o.boot != "" {
		o.state(o.boot, method)
		return nil
	}
	links := o.m.Links()
	busy := map[string]bool{}
	for _, l := range links {
		for _, lower := range l.Lower {
			busy[lower] = true
		}
	}
	found := false
	for name, l := range links {
		if l.Kind != "dummy" && !busy[name] {
			found = true
			o.state(name, method)
		}
	}
	if found {
		return nil
	}
	name := o.first()
	if err := o.ensure(name); err != nil {
		return err
	}
	o.state(name, method)
	return nil
}

// first is the interface that is meant where none is named.
func (o *overrider) first() string {
	if o.boot != "" {
		return o.boot
	}
	if names := slices.Sorted(maps.Keys(o.m.Ethernet)); len(names) > 0 {
		return names[0]
	}
	return "eth0"
}

// split cuts at colons, but not within brackets, which it takes away.
func split(text string) []string {
	var fields []string
	field, depth := "", 0
	for _, c := range text {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == ':' && depth <= 0:
			fields, field = append(fields, field), ""
		default:
			field += string(c)
		}
	}
	return append(fields, field)
}

func isAddress(s string) bool {
	s, _, _ = strings.Cut(s, "/")
	_, err := netip.ParseAddr(s)
	return err == nil
}

// parsePrefix joins an address, which may bring its length, and a mask as a length or as 255.255.255.0. Without either the length is
// that of the address's class, or 64.
func parsePrefix(address, mask string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(address); err == nil {
		return p, nil
	}
	a, err := netip.ParseAddr(address)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q is not an address", address)
	}
	bits := 64
	if a.Is4() {
		bits, _ = net.IP(a.AsSlice()).DefaultMask().Size()
	}
	if dotted, err := netip.ParseAddr(mask); err == nil && dotted.Is4() && a.Is4() {
		ones, of := net.IPMask(dotted.AsSlice()).Size()
		if of != 32 {
			return netip.Prefix{}, fmt.Errorf("%q is not a mask", mask)
		}
		bits = ones
	} else if mask != "" {
		if bits, err = strconv.Atoi(mask); err != nil {
			return netip.Prefix{}, fmt.Errorf("%q is not a mask", mask)
		}
	}
	p := netip.PrefixFrom(a, bits)
	if !p.IsValid() {
		return netip.Prefix{}, fmt.Errorf("%q is not a mask for %s", mask, address)
	}
	return p, nil
}
