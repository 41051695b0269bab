package link

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// create makes an interface of software. One that has its address from the beginning keeps it, whatever its ports are like
// (NET_ADDR_SET in include/uapi/linux/netdevice.h).
func create(o AddDevice) error {
	attrs, d := netlink.NewLinkAttrs(), o.Device
	attrs.Name = o.Name
	if o.MAC != "" {
		mac, err := net.ParseMAC(string(o.MAC))
		if err != nil {
			return err
		}
		attrs.HardwareAddr = mac
	}
	switch d.Kind {
	case "wireguard":
		return netlink.LinkAdd(&netlink.Wireguard{LinkAttrs: attrs})
	case "dummy":
		return netlink.LinkAdd(&netlink.Dummy{LinkAttrs: attrs})
	case "vlan":
		attrs.ParentIndex = d.Parent
		return netlink.LinkAdd(&netlink.Vlan{LinkAttrs: attrs, VlanId: d.ID, VlanProtocol: netlink.VLAN_PROTOCOL_8021Q})
	case "bond":
		b := netlink.NewLinkBond(attrs)
		b.Mode = netlink.StringToBondMode(string(d.Bond.Mode))
		b.Miimon = int(time.Duration(d.Bond.MIIMon).Milliseconds())
		if d.Bond.Mode == "802.3ad" {
			b.LacpRate, b.MinLinks = netlink.StringToBondLacpRate(string(d.Bond.LACPRate)), d.Bond.MinLinks
		}
		if d.hashes() {
			b.XmitHashPolicy = netlink.StringToBondXmitHashPolicy(string(d.Bond.HashPolicy))
		}
		return netlink.LinkAdd(b)
	case "bridge":
		return createBridge(attrs, d)
	}
	panic("BUG: no such kind of interface: " + d.Kind)
}

// createBridge gives the bridge its forward delay and STP before any port can join, which the
// library's own bridge cannot (include/uapi/linux/if_link.h, IFLA_BR_*).
func createBridge(attrs netlink.LinkAttrs, d Device) error {
	req := nl.NewNetlinkRequest(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK)
	req.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	req.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(attrs.Name)))
	if attrs.HardwareAddr != nil {
		req.AddData(nl.NewRtAttr(unix.IFLA_ADDRESS, attrs.HardwareAddr))
	}
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated(d.Kind))
	data := info.AddRtAttr(nl.IFLA_INFO_DATA, nil)
	// In hundredths of a second.
	data.AddRtAttr(nl.IFLA_BR_FORWARD_DELAY, nl.Uint32Attr(uint32(d.forwardDelay()/(10*time.Millisecond))))
	data.AddRtAttr(nl.IFLA_BR_STP_STATE, nl.Uint32Attr(uint32(number(d.Bridge.STP))))
	if d.Bridge.VLANFiltering { // some kernels cannot, and refuse the word as such
		data.AddRtAttr(nl.IFLA_BR_VLAN_FILTERING, nl.Uint8Attr(1))
	}
	req.AddData(info)
	_, err := req.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

func setPrimary(o SetPrimary) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.Index = o.Name, o.NIC
	b := netlink.NewLinkBond(attrs)
	b.Primary = o.Primary
	return netlink.LinkModify(b)
}

func settingPath(name, key string) string {
	family, key, _ := strings.Cut(key, "/")
	return path.Join("/proc/sys/net", family, "conf", name, key)
}

func writeSetting(o Set) error {
	err := os.WriteFile(settingPath(o.Name, o.Key), []byte(o.Value+"\n"), 0)
	if none := o.Key == "ipv6/disable_ipv6" || strings.HasPrefix(o.Key, "ipv6/accept_") && o.Value == "0"; none && errors.Is(err, fs.ErrNotExist) {
		return nil // there is no IPv6 that could be turned off
	}
	return err
}

// readSettings leaves out what cannot be read.
func readSettings(name string, keys []string) map[string]string {
	var out map[string]string
	for _, key := range keys {
		if b, err := os.ReadFile(settingPath(name, key)); err == nil {
			if out == nil {
				out = map[string]string{}
			}
			out[key] = strings.TrimSpace(string(b))
		}
	}
	return out
}

// kind fills in what an interface of software is.
func (n *NIC) kind(l netlink.Link) {
	switch l := l.(type) {
	case *netlink.Bond:
		n.Kind, n.Mode = "bond", l.Mode.String()
		n.Active, n.Primary = max(l.ActiveSlave, 0), max(l.Primary, 0)
	case *netlink.Vlan:
		n.Kind, n.ID = "vlan", l.VlanId
	case *netlink.Bridge:
		n.Kind = "bridge"
	case *netlink.Dummy:
		n.Kind = "dummy"
	default:
		if n.Virtual {
			n.Kind = fmt.Sprint(l.Type())
		}
	}
}
