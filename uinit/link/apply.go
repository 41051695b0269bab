package link

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/loopback"
)

// Do makes one change. The error names it.
func (k *rtnetlink) Do(o Op) error {
	if err := k.do(o); err != nil {
		return fmt.Errorf("%v: %w", o, err)
	}
	return nil
}

func (k *rtnetlink) do(o Op) error {
	switch o := o.(type) {
	case Rename:
		return netlink.LinkSetName(device(o.NIC), o.To)
	case SetMAC:
		mac, err := net.ParseMAC(string(o.MAC))
		if err != nil {
			return err
		}
		return netlink.LinkSetHardwareAddr(device(o.NIC), mac)
	case SetMTU:
		return netlink.LinkSetMTU(device(o.NIC), o.MTU)
	case SetUp:
		if o.Up {
			return netlink.LinkSetUp(device(o.NIC))
		}
		return netlink.LinkSetDown(device(o.NIC))
	case AddAddress:
		flags := 0
		if o.NoDAD {
			flags = unix.IFA_F_NODAD
		}
		return netlink.AddrReplace(device(o.NIC), &netlink.Addr{
			IPNet: ipNet(o.Prefix), ValidLft: int(o.Left / time.Second), PreferedLft: int(o.Preferred / time.Second), Flags: flags,
		})
	case RemoveAddress:
		return netlink.AddrDel(device(o.NIC), &netlink.Addr{IPNet: ipNet(o.Prefix)})
	case AddRoute:
		r := o.Route.netlink()
		if o.OnLink {
			r.Flags = int(netlink.FLAG_ONLINK)
		}
		return netlink.RouteReplace(r)
	case AddDevice:
		return create(o)
	case RemoveDevice:
		return netlink.LinkDel(device(o.NIC))
	case SetMaster:
		return netlink.LinkSetMasterByIndex(device(o.NIC), o.Master)
	case SetPrimary:
		return setPrimary(o)
	case SetARP:
		if o.On {
			return netlink.LinkSetARPOn(device(o.NIC))
		}
		return netlink.LinkSetARPOff(device(o.NIC))
	case Set:
		return writeSetting(o)
	case Tune:
		return o.do()
	case AddRule:
		return netlink.RuleAdd(o.Rule.netlink())
	case RemoveRule:
		return netlink.RuleDel(o.Rule.netlink())
	case RemoveRoute:
		return netlink.RouteDel(o.Route.netlink())
	}
	panic(fmt.Sprintf("BUG: no such change: %T", o))
}

// device is a handle on an interface by its index alone.
func device(index int) netlink.Link {
	return &netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: index}}
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func (r Route) netlink() *netlink.Route {
	n := &netlink.Route{LinkIndex: r.NIC, Dst: ipNet(r.Dst), Priority: r.Metric, Protocol: ourProtocol, Table: r.Table}
	if r.Source.IsValid() {
		n.Src = r.Source.AsSlice()
	}
	if r.Via.IsValid() {
		n.Gw = r.Via.AsSlice()
	} else if r.Dst.Addr().Is4() {
		n.Scope = netlink.SCOPE_LINK
	}
	return n
}

// Loopback brings up lo.
func Loopback() error { return loopback.Up() }
