package nic

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/container/netns"
)

// watch signals each time that an address in the container's network has changed, until the container ends.
func (a *attaching) watch() error {
	return a.ns.Do(func() error {
		socket, err := nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR)
		if err != nil {
			return fmt.Errorf("watching addresses: %w", err)
		}
		context.AfterFunc(a.ctx, socket.Close)
		a.work.Go(func() {
			for {
				// What it was is to be looked at: too many may have come at once, or one that is longer than the library reads.
				if _, _, err := socket.Receive(); err != nil && !errors.Is(err, unix.ENOBUFS) && !errors.Is(err, unix.EINVAL) {
					return
				}
				a.signal()
			}
		})
		return nil
	})
}

// signal says that something has changed.
func (a *attaching) signal() {
	select {
	case a.changes <- struct{}{}:
	default:
	}
}

// list are the addresses that the interface has.
func (n *card) list() ([]netlink.Addr, error) {
	return netns.Whole(func() ([]netlink.Addr, error) { return n.ns.AddrList(n.device(), netlink.FAMILY_ALL) })
}

// usable says whether nobody is asked any more who has an address, and nobody has said.
func usable(x netlink.Addr) bool {
	return x.Flags&unix.IFA_F_TENTATIVE == 0 && x.Flags&unix.IFA_F_DADFAILED == 0
}

// missing is what interfaces should have and do not have yet, for a person. An address that somebody else has is an error.
func (a *attaching) missing() (all []string, err error) {
	for _, n := range a.nics {
		list, err := n.list()
		if err != nil {
			return nil, fmt.Errorf("reading addresses of interface %s: %w", n.name, err)
		}
		advertised := false
		for _, x := range list {
			p := prefix(x)
			static := slices.Contains(n.row.Addresses, p)
			switch {
			case static && x.Flags&unix.IFA_F_DADFAILED != 0:
				return nil, fmt.Errorf("interface %s: %v belongs to another machine", n.name, p.Addr())
			case static && !usable(x):
				all = append(all, fmt.Sprintf("it is not known yet whether somebody else has %v of %s", p.Addr(), n.name))
			case static || p.Addr().IsLinkLocalUnicast() || p.Addr().Is4():
			case usable(x):
				advertised = true
			}
		}
		if n.row.DHCP4 && !n.leased.Load() {
			what, asked := n.client.Waiting()
			if what == "" { // it has just begun, or has a lease that is about to be used
				what = "it is being asked for"
			}
			all = append(all, fmt.Sprintf("%s has no address by DHCP: %s%s", n.name, what, asked))
		}
		if n.row.RA && !advertised {
			all = append(all, fmt.Sprintf("no router gives %s an IPv6 address", n.name))
		}
	}
	return all, nil
}

// tell says each time which addresses interfaces have, until the container ends.
func (a *attaching) tell() {
	if a.Changed == nil {
		return
	}
	told := map[string][]netip.Prefix{}
	for {
		for _, n := range a.nics {
			list, err := n.list()
			if err != nil {
				continue // it will be asked again when something changes
			}
			now := []netip.Prefix{}
			for _, x := range list {
				if usable(x) {
					now = append(now, prefix(x))
				}
			}
			slices.SortFunc(now, netip.Prefix.Compare)
			if last, has := told[n.name]; !has || !slices.Equal(last, now) {
				told[n.name] = now
				a.Changed(n.name, now)
			}
		}
		select {
		case <-a.ctx.Done():
			return
		case <-a.changes:
		}
	}
}

func prefix(x netlink.Addr) netip.Prefix {
	a, _ := netip.AddrFromSlice(x.IP)
	bits, _ := x.Mask.Size()
	return netip.PrefixFrom(a.Unmap(), bits)
}
