package link

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Kernel is where interfaces are. Its calls come from one goroutine.
type Kernel interface {
	Observe() (State, error)
	Do(Op) error
}

// rtnetlink is the running kernel (rtnetlink(7)).
type rtnetlink struct {
	// known keeps what an interface never changes, by index: asking the driver is an ioctl each.
	known map[int]hardware
	// settings are those to read of each interface.
	settings []string
	// routers: what they say of DHCPv6 is to be read.
	routers bool
	// rules: rules are to be read.
	rules bool
}

// observations bounds how often a reading is repeated that changes have cut across.
const observations = 10

// Observe reads all interfaces, addresses and the main routing table.
func (k *rtnetlink) Observe() (s State, err error) {
	for range observations {
		s, err = k.read()
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			return s, err
		}
	}
	// Whatever changes so fast will be heard of again.
	return s, err
}

func (k *rtnetlink) read() (s State, err error) {
	s.NICs, err = k.nics()
	if err != nil {
		return State{}, fmt.Errorf("listing network interfaces: %w", err)
	}
	if k.routers {
		flags, err := routerFlags()
		if err != nil {
			return State{}, err
		}
		for i, n := range s.NICs {
			f := flags[n.Index]
			s.NICs[i].Managed, s.NICs[i].Other = f&raManaged != 0, f&raOther != 0
		}
	}
	addresses, err := netlink.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return State{}, fmt.Errorf("listing addresses: %w", err)
	}
	now := time.Now()
	for _, a := range addresses {
		if p, ok := prefix(a.IPNet); ok {
			s.Addresses = append(s.Addresses, Address{
				NIC: a.LinkIndex, Prefix: p, Until: until(a, now), Deprecated: deprecated(a, now),
				Tentative: a.Flags&unix.IFA_F_TENTATIVE != 0 && a.Flags&unix.IFA_F_OPTIMISTIC == 0,
				Duplicate: a.Flags&unix.IFA_F_DADFAILED != 0,
			})
		}
	}
	// Of all tables but that of the machine's own addresses.
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_ALL, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
	if err != nil {
		return State{}, fmt.Errorf("listing routes: %w", err)
	}
	for _, r := range routes {
		if n, ok := route(r); ok {
			s.Routes = append(s.Routes, n)
		}
	}
	if k.rules {
		s.Rules, err = readRules()
	}
	return s, err
}

func prefix(n *net.IPNet) (netip.Prefix, bool) {
	if n == nil {
		return netip.Prefix{}, false
	}
	a, ok := netip.AddrFromSlice(n.IP)
	ones, _ := n.Mask.Size()
	return netip.PrefixFrom(a.Unmap(), ones), ok
}

// until turns seconds left into a moment. The kernel writes all ones for "for ever".
func until(a netlink.Addr, now time.Time) time.Time {
	if a.ValidLft <= 0 || a.ValidLft >= 1<<32-1 {
		return time.Time{}
	}
	return now.Add(time.Duration(a.ValidLft) * time.Second)
}

// deprecated is from when on an address with a limit is for old connections only.
func deprecated(a netlink.Addr, now time.Time) time.Time {
	if until(a, now).IsZero() || a.PreferedLft == a.ValidLft {
		return time.Time{}
	}
	return now.Add(time.Duration(max(a.PreferedLft, 0)) * time.Second)
}

// ourProtocol marks routes that uinit made (RTPROT_STATIC in include/uapi/linux/rtnetlink.h).
const ourProtocol = unix.RTPROT_STATIC

func route(r netlink.Route) (Route, bool) {
	dst, ok := prefix(r.Dst)
	if !ok {
		dst = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		if r.Family == netlink.FAMILY_V6 {
			dst = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		}
	}
	via, _ := netip.AddrFromSlice(r.Gw)
	source, _ := netip.AddrFromSlice(r.Src)
	table := r.Table
	if table == unix.RT_TABLE_MAIN {
		table = 0
	}
	return Route{
		NIC: r.LinkIndex, Dst: dst, Via: via.Unmap(), Metric: r.Priority, Table: table, Source: source.Unmap(), Ours: r.Protocol == ourProtocol,
		Advertised: r.Protocol == unix.RTPROT_RA,
	}, r.LinkIndex != 0 && table != unix.RT_TABLE_LOCAL
}
