package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Pair is a cable between this machine and a namespace (veth(4)): what one end sends, the other gets.
type Pair struct {
	// Here and There are the names of its ends.
	Here, There string
	// MAC is the hardware address there.
	MAC spec.MAC
	// MTU and MTUThere are the largest packets of the ends, in bytes.
	MTU, MTUThere int
}

// Lay makes a pair, whose ends are down. This machine speaks no IPv6 on its own; what has the name of that end is replaced when it is one
// that was left behind: namespaces end a while after their last process.
func (n *Namespace) Lay(p Pair) (here netlink.Link, err error) {
	mac, err := net.ParseMAC(string(p.MAC))
	if err != nil {
		return nil, err
	}
	if err := Clear(p.Here); err != nil {
		return nil, err
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU, attrs.HardwareAddr = p.Here, p.MTU, otherSide(mac)
	veth := netlink.NewVeth(attrs)
	veth.PeerName, veth.PeerHardwareAddr, veth.PeerMTU, veth.PeerNamespace = p.There, mac, uint32(p.MTUThere), netlink.NsFd(n.file.Fd())
	if err := netlink.LinkAdd(veth); err != nil {
		return nil, fmt.Errorf("making interface %s: %w", p.Here, err)
	}
	err = os.WriteFile("/proc/sys/net/ipv6/conf/"+p.Here+"/disable_ipv6", []byte("1"), 0)
	if err == nil || errors.Is(err, fs.ErrNotExist) { // a kernel without IPv6 has none to turn off
		here, err = netlink.LinkByName(p.Here)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("setting up interface %s: %w", p.Here, err), Clear(p.Here))
	}
	return here, nil
}

// Beside makes a second interface beside one of this machine's, which it gives to the namespace: another hardware address on the same
// wire (macvlan in bridge mode). It is down. MTU is in bytes; 0 is that of the wire.
func (n *Namespace) Beside(link, name string, address spec.MAC, mtu int) error {
	mac, err := net.ParseMAC(string(address))
	if err != nil {
		return err
	}
	parent, err := netlink.LinkByName(link)
	if err != nil {
		return fmt.Errorf("finding interface %s: %w", link, err)
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU, attrs.HardwareAddr, attrs.ParentIndex, attrs.Namespace = name, mtu, mac, parent.Attrs().Index, netlink.NsFd(n.file.Fd())
	if err := netlink.LinkAdd(&netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_BRIDGE}); err != nil {
		return fmt.Errorf("making interface %s beside %s: %w", name, link, err)
	}
	return nil
}

// Clear takes away the end of a pair that is here, and its other end with it; it is no error that there is none.
func Clear(here string) error {
	link, err := netlink.LinkByName(here)
	if missing := (netlink.LinkNotFoundError{}); errors.As(err, &missing) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("finding interface %s: %w", here, err)
	}
	if link.Type() != "veth" {
		return fmt.Errorf("interface %s is there, a %s that is no container's", here, link.Type())
	}
	if err := netlink.LinkDel(link); err != nil && !errors.Is(err, unix.ENODEV) { // its namespace may end at any moment
		return fmt.Errorf("removing interface %s: %w", here, err)
	}
	return nil
}

// otherSide is the hardware address of this machine's end: another one, and high, for a bridge that was given no address takes the
// lowest of its ports.
func otherSide(there net.HardwareAddr) net.HardwareAddr {
	here := append(net.HardwareAddr{0xfe}, there[1:]...)
	if there[0] == 0xfe {
		here[0] = 0xfa
	}
	return here
}
