package nic

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/netns"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
)

// card is an interface that is made.
type card struct {
	*attaching
	name  string
	row   spec.ContainerNIC
	index int
	// here is the index of this machine's end; 0 where there is none.
	here int
	mac  net.HardwareAddr
	// metric is that of its first route.
	metric int

	// client asks by DHCP; nil where nobody does. leased: an address of it is in use, and its routes.
	client *dhcp.Client
	leased atomic.Bool
}

// metricStep separates the routes of interfaces, as those of the machine's: the first one by name has the preferred default route.
const metricStep = 100

// MAC is an interface's hardware address where the profile gives none: the same with each start, another one for each interface of each
// container of each host, and than that of a guest of the same name. It is locally administered and of one interface (IEEE 802).
func MAC(host, container, nic string) spec.MAC {
	sum := sha256.Sum256([]byte("container\x00" + host + "\x00" + container + "\x00" + nic))
	return spec.MAC(fmt.Sprintf("02:%02x:%02x:%02x:%02x:%02x", sum[0], sum[1], sum[2], sum[3], sum[4]))
}

// make makes an interface and has it up; what it returns may be half made.
func (a *attaching) make(name string, row spec.ContainerNIC, place int) (*card, error) {
	if row.MAC == "" {
		row.MAC = MAC(a.Host, a.Name, name)
	}
	n := &card{attaching: a, name: name, row: row, metric: metricStep * (place + 1)}
	if err := n.connect(); err != nil {
		return n, err
	}
	link, err := a.ns.LinkByName(name)
	if err != nil {
		return n, fmt.Errorf("finding it in its network: %w", err)
	}
	n.index, n.mac = link.Attrs().Index, link.Attrs().HardwareAddr
	if row.RA {
		if err := a.ns.Set(netns.Setting{Key: "ipv6/conf/" + name + "/accept_ra", Value: "1"}, netns.Setting{Key: "ipv6/conf/" + name + "/autoconf", Value: "1"}); err != nil {
			return n, err
		}
	}
	if err := a.ns.LinkSetUp(link); err != nil {
		return n, fmt.Errorf("bringing it up: %w", err)
	}
	return n, nil
}

// connect makes the interface in the container's network.
func (n *card) connect() error {
	if n.row.Link != "" {
		return n.ns.Beside(n.row.Link, n.name, n.row.MAC, n.row.MTU)
	}
	bridge, err := netlink.LinkByName(n.row.Bridge)
	if err != nil {
		return fmt.Errorf("finding bridge %s: %w", n.row.Bridge, err)
	}
	// This end has the bridge's largest packet in any case: a bridge may take the least of its ports' for its own.
	mtu := bridge.Attrs().MTU
	pair := netns.Pair{Here: n.port(), There: n.name, MAC: n.row.MAC, MTU: mtu, MTUThere: mtu}
	if n.row.MTU != 0 {
		pair.MTUThere = n.row.MTU
	}
	port, err := n.ns.Lay(pair)
	if err != nil {
		return err
	}
	n.here = port.Attrs().Index
	if err := netlink.LinkSetMaster(port, bridge); err != nil {
		return fmt.Errorf("joining bridge %s: %w", n.row.Bridge, err)
	}
	if n.row.Isolated {
		if err := netlink.LinkSetIsolated(port, true); err != nil {
			return fmt.Errorf("isolating it: %w", err)
		}
	}
	if err := netlink.LinkSetUp(port); err != nil {
		return fmt.Errorf("bringing up %s: %w", pair.Here, err)
	}
	return nil
}

// port is this machine's end of an interface on a bridge.
func (n *card) port() string { return spec.ContainerPort(n.Name, n.name) }

// undo removes all interfaces that were made.
func (a *attaching) undo() error {
	var failed []error
	for _, n := range a.nics {
		if n.row.Bridge != "" {
			failed = append(failed, netns.Clear(n.port()))
		} else if n.index != 0 {
			if err := a.ns.LinkDel(n.device()); err != nil && !errors.Is(err, unix.ENODEV) {
				failed = append(failed, fmt.Errorf("removing interface %s: %w", n.name, err))
			}
		}
	}
	return errors.Join(failed...)
}

// device is the interface by its index alone.
func (n *card) device() netlink.Link {
	return &netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: n.index}}
}
