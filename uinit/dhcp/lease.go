// Package dhcp keeps an IPv4 address that a DHCP server lends (RFC 2131). The client is one goroutine
// over a small connection interface, so that whole days of a lease run in a test's virtual time.
package dhcp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Lease is an address with what the server said about its network.
type Lease struct {
	// Address with the prefix length of its network.
	Address netip.Prefix
	// Server that lent it.
	Server netip.Addr
	// Routes to use through this interface, in the server's order. The default
	// route has a prefix of no bits.
	Routes []Route
	DNS    []netip.Addr
	// NTP are time servers (RFC 2132, section 8.3).
	NTP []netip.Addr
	// Domain to search names in; may be empty.
	Domain string
	// MTU in bytes, as the server says it, whatever sense that makes (RFC 2132, section 5.1); 0 where it has no opinion.
	MTU int
	// Start is when the request was sent that the server agreed to: the lease counts from there
	// (RFC 2131, section 4.4.1).
	Start time.Time
	// Duration of the lease, and when to ask the same server (Renew, T1) and then any
	// server (Rebind, T2) for more, all counted from Start.
	Duration, Renew, Rebind time.Duration
}

// Route is a destination and the router towards it; an unspecified Via means the destination is on the link itself.
type Route struct {
	Dst netip.Prefix
	Via netip.Addr
}

// Expires is when the address must no longer be used.
func (l Lease) Expires() time.Time { return l.Start.Add(l.Duration) }

// forever is what the longest lease counts as. The protocol's infinity would make the kernel hold the
// address as a permanent one, which nobody would take away again.
const forever = time.Duration(1<<31-1) * time.Second

// leaseFrom reads an acknowledgement. Everything in it is foreign: what can't be used is
// an error where the lease makes no sense without it, and dropped otherwise.
func leaseFrom(p *dhcpv4.DHCPv4, start time.Time) (Lease, error) {
	ip, ok := address(p.YourIPAddr)
	if !ok {
		return Lease{}, fmt.Errorf("%v can't be this machine's address", p.YourIPAddr)
	}
	server, ok := address(p.ServerIdentifier())
	if !ok {
		return Lease{}, errors.New("no server identifier")
	}
	l := Lease{Server: server, Start: start, Duration: min(p.IPAddressLeaseTime(0), forever)}
	if l.Duration <= 0 {
		return Lease{}, errors.New("no lease time")
	}
	l.Address = netip.PrefixFrom(ip, prefixLength(p.SubnetMask(), ip))
	l.Renew, l.Rebind = renewal(l.Duration, p.IPAddressRenewalTime(0), p.IPAddressRebindingTime(0))
	for _, r := range routes(p) {
		if r.Via != ip { // which the kernel refuses
			l.Routes = append(l.Routes, r)
		}
	}
	l.DNS, l.NTP = addresses(p.DNS()), addresses(p.NTPServers())
	l.Domain = domain(p.DomainName())
	if mtu, err := dhcpv4.GetUint16(dhcpv4.OptionInterfaceMTU, p.Options); err == nil {
		l.MTU = int(mtu)
	}
	return l, nil
}

// renewal is T1 and T2: what the server says if it makes sense, else one half and seven eighths (RFC 2131, section 4.4.5).
func renewal(lease, t1, t2 time.Duration) (time.Duration, time.Duration) {
	if t2 <= 0 || t2 >= lease {
		t2 = lease / 8 * 7 // in this order: the longest lease times 7 is past the end of time.Duration
	}
	if t1 <= 0 || t1 >= t2 {
		t1 = min(lease/2, t2)
	}
	return t1, t2
}

// prefixLength of a mask; without a usable one that of the address's class, which is what such servers mean.
func prefixLength(mask net.IPMask, ip netip.Addr) int {
	if ones, bits := mask.Size(); bits == 32 && ones > 0 {
		return ones
	}
	ones, _ := net.IP(ip.AsSlice()).DefaultMask().Size()
	return ones
}

// routes reads the classless static routes, which replace the router option where both are given (RFC 3442).
func routes(p *dhcpv4.DHCPv4) []Route {
	var out []Route
	for _, r := range p.ClasslessStaticRoute() {
		ones, bits := r.Dest.Mask.Size()
		dst, ok := netip.AddrFromSlice(r.Dest.IP.To4())
		via, _ := netip.AddrFromSlice(r.Router.To4())
		// A router of 0.0.0.0 is none: the destination is on the link.
		if ok && bits == 32 && via.IsValid() && (via.IsUnspecified() || host(via)) {
			out = append(out, Route{netip.PrefixFrom(dst, ones).Masked(), via})
		}
	}
	if out != nil {
		return out
	}
	for _, r := range p.Router() {
		if via, ok := address(r); ok {
			out = append(out, Route{netip.PrefixFrom(netip.IPv4Unspecified(), 0), via})
		}
	}
	return out
}

// address accepts an IPv4 address of a host.
func address(ip net.IP) (netip.Addr, bool) {
	a, ok := netip.AddrFromSlice(ip.To4())
	return a, ok && host(a)
}

// host says that an address can be somebody's on a network (RFC 1122, section 3.2.1.3).
func host(a netip.Addr) bool {
	return !a.IsMulticast() && !a.IsLoopback() && a.As4()[0] != 0 && a.As4()[0] < 240
}

func addresses(ips []net.IP) (all []netip.Addr) {
	for _, ip := range ips {
		if a, ok := address(ip); ok {
			all = append(all, a)
		}
	}
	return all
}

// domain drops a name that could break or extend resolv.conf.
func domain(name string) string {
	name = strings.TrimRight(strings.ToLower(name), ".\x00")
	if len(name) > 253 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return ""
	}
	return name
}
