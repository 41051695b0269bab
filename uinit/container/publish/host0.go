package publish

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/netns"
)

// hostAddress is this machine's, on each of its ends.
var hostAddress = spec.ContainerNetworks().Addr().Next()

// largest packet between containers and this machine, in bytes: Ethernet's.
const largest = 1500

// connect makes host0. Both ends have an address each and no network: there is a route to the other one, and the container has one to
// everybody by this machine, for its answers.
func connect(ns *netns.Namespace, name string, address netip.Addr) error {
	if err := ns.Prepare(); err != nil {
		return err
	}
	four := address.As4()
	here, err := ns.Lay(netns.Pair{
		Here: spec.ContainerPort(name, spec.ContainerHost0), There: spec.ContainerHost0, MTU: largest, MTUThere: largest,
		MAC: spec.MAC(fmt.Sprintf("02:00:%02x:%02x:%02x:%02x", four[0], four[1], four[2], four[3])), // locally administered
	})
	if err != nil {
		return err
	}
	there, err := ns.LinkByName(spec.ContainerHost0)
	if err != nil {
		return fmt.Errorf("finding %s: %w", spec.ContainerHost0, err)
	}
	port := here.Attrs().Name
	for setting, value := range map[string]string{"forwarding": "1", "rp_filter": "1", "accept_redirects": "0", "send_redirects": "0"} {
		if err := write(port, setting, value); err != nil {
			return err
		}
	}
	err = errors.Join(
		ns.Set(netns.Setting{Key: "ipv6/conf/" + spec.ContainerHost0 + "/disable_ipv6", Value: "1"}),
		netlink.AddrReplace(here, &netlink.Addr{IPNet: host(hostAddress), Scope: unix.RT_SCOPE_LINK}),
		ns.AddrReplace(there, &netlink.Addr{IPNet: host(address)}),
		netlink.LinkSetUp(here), ns.LinkSetUp(there),
	)
	if err != nil {
		return fmt.Errorf("setting up %s: %w", port, err)
	}
	way := func(to netip.Addr, link netlink.Link, from netip.Addr) *netlink.Route {
		return &netlink.Route{Dst: host(to), LinkIndex: link.Attrs().Index, Scope: netlink.SCOPE_LINK, Src: from.AsSlice()}
	}
	everybody := &netlink.Route{Dst: &net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}, LinkIndex: there.Attrs().Index, Gw: hostAddress.AsSlice(), Flags: int(netlink.FLAG_ONLINK)}
	err = errors.Join(netlink.RouteReplace(way(address, here, hostAddress)), ns.RouteReplace(way(hostAddress, there, address)), ns.RouteReplace(everybody))
	if err != nil {
		return fmt.Errorf("making routes by %s: %w", port, err)
	}
	return nil
}

func host(a netip.Addr) *net.IPNet {
	return &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(a.BitLen(), a.BitLen())}
}

// write sets a setting of an interface of this machine.
func write(link, setting, value string) error {
	if err := os.WriteFile("/proc/sys/net/ipv4/conf/"+link+"/"+setting, []byte(value+"\n"), 0); err != nil {
		return fmt.Errorf("setting %s of %s: %w", setting, link, err)
	}
	return nil
}

// nowhere is the way to containers that are not there: what is on its way to one that has just ended must not leave by another link.
var nowhere = &netlink.Route{Dst: &net.IPNet{IP: spec.ContainerNetworks().Addr().AsSlice(), Mask: net.CIDRMask(spec.ContainerNetworks().Bits(), 32)}, Type: unix.RTN_UNREACHABLE, Priority: 1 << 30}

func reserve() error {
	if err := netlink.RouteReplace(nowhere); err != nil {
		return fmt.Errorf("reserving %v: %w", spec.ContainerNetworks(), err)
	}
	return nil
}

func release() error {
	if err := netlink.RouteDel(nowhere); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("releasing %v: %w", spec.ContainerNetworks(), err)
	}
	return nil
}
