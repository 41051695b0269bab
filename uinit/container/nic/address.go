package nic

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/uinit/arp"
)

// address gives an interface its static addresses and its routers, and has DHCP asked for others.
func (n *card) address() error {
	if n.here != 0 {
		if err := n.passed(); err != nil {
			return err
		}
	}
	failed := make([]error, len(n.row.Addresses))
	var all sync.WaitGroup
	for i, p := range n.row.Addresses {
		all.Go(func() { failed[i] = n.static(p) })
	}
	all.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	for i, g := range n.row.Gateways {
		all := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		if g.Is6() {
			all = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		}
		if err := n.ns.RouteReplace(n.route(all, g, i, n.row.Addresses)); err != nil {
			return fmt.Errorf("using router %v: %w", g, err)
		}
	}
	if n.row.DHCP4 {
		n.askDHCP()
	}
	return nil
}

// static takes an address of the profile into use. Of IPv6 ones the kernel asks who has them.
func (n *card) static(p netip.Prefix) error {
	use := func() error {
		if err := n.ns.AddrReplace(n.device(), &netlink.Addr{IPNet: ipNet(p)}); err != nil {
			return fmt.Errorf("adding address %v: %w", p, err)
		}
		return nil
	}
	if p.Addr().Is6() {
		return use()
	}
	return n.guard(n.ctx, p.Addr(), use, func(v arp.Verdict, who net.HardwareAddr) {
		if v != arp.Free {
			n.Say(fmt.Sprintf("%v of its interface %s is used by another machine as well, %v", p.Addr(), n.name, who))
		}
	})
}

// TakenError says that another machine has an address.
type TakenError struct {
	Address netip.Addr
	Who     net.HardwareAddr
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("%v belongs to another machine, %v", e.Address, e.Who)
}

// guard has an IPv4 address used once nobody else has it, or returns a TakenError. From then on it is defended until ctx ends, and what
// happens is told to later (RFC 5227).
func (n *card) guard(ctx context.Context, address netip.Addr, use func() error, later func(arp.Verdict, net.HardwareAddr)) error {
	first := make(chan error, 1)
	n.work.Go(func() {
		begun := false
		// In the container's network, for Hear has to know which hardware addresses are its own.
		err := n.ns.Do(func() error {
			socket, err := arp.Open(n.index, n.name, n.mac, address)
			if err != nil {
				return err
			}
			defer context.AfterFunc(ctx, func() { socket.Close() })()
			defer socket.Close()
			return arp.Guard(socket, func(v arp.Verdict, who net.HardwareAddr) {
				switch {
				case begun:
					later(v, who)
				case v == arp.Free:
					first <- use()
				default:
					first <- &TakenError{address, who}
				}
				begun = true
			})
		})
		if !begun {
			first <- err
		}
	})
	return <-first
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
