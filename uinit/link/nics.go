package link

import (
	"net"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nlattr"
	"github.com/imgbuild/imgbuild/internal/spec"
)

type hardware struct{ driver, bus string }

// nics lists interfaces as the library does, with what that leaves out: which sizes of packets their drivers take.
func (k *rtnetlink) nics() (all []NIC, err error) {
	req := nl.NewNetlinkRequest(unix.RTM_GETLINK, unix.NLM_F_DUMP)
	req.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	messages, err := req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWLINK)
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		l, err := netlink.LinkDeserialize(nil, m)
		if err != nil {
			return nil, err
		}
		n, ok := k.nic(l)
		if !ok {
			continue
		}
		err = nlattr.Each(m[unix.SizeofIfInfomsg:], func(kind uint16, value []byte) error {
			switch {
			case len(value) != 4:
			case kind == unix.IFLA_MIN_MTU:
				n.LeastMTU = int(nl.NativeEndian().Uint32(value))
			case kind == unix.IFLA_MAX_MTU:
				n.MostMTU = int(nl.NativeEndian().Uint32(value))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

func (k *rtnetlink) nic(l netlink.Link) (NIC, bool) {
	a := l.Attrs()
	if a.Flags&net.FlagLoopback != 0 || a.EncapType != "ether" && l.Type() != "wireguard" {
		return NIC{}, false
	}
	h, seen := k.known[a.Index]
	if !seen {
		h = askDriver(a.Name)
		k.known[a.Index] = h
	}
	virtual := l.Type() != "device"
	mac := a.PermHWAddr
	if len(mac) == 0 || virtual {
		mac = a.HardwareAddr
		if port, ok := a.Slave.(*netlink.BondSlave); ok {
			mac = port.PermHardwareAddr // the present one is the bond's
		}
	}
	n := NIC{
		Index: a.Index, Name: a.Name, MAC: spec.MAC(mac.String()), Address: spec.MAC(a.HardwareAddr.String()), Driver: h.driver, Bus: h.bus,
		// A link with a kind was made by somebody; hardware has none.
		Virtual: virtual,
		Up:      a.Flags&net.FlagUp != 0, Carrier: a.RawFlags&unix.IFF_LOWER_UP != 0, MTU: a.MTU,
		Master: a.MasterIndex, Parent: a.ParentIndex, NoARP: a.RawFlags&unix.IFF_NOARP != 0,
		Settings: readSettings(a.Name, k.settings),
	}
	n.kind(l)
	if n.Kind == "bond" || n.Kind == "bridge" {
		n.Tuning = readTuning(n.Name)
	}
	return n, true
}

// askDriver asks what ethtool -i shows (include/uapi/linux/ethtool.h, ETHTOOL_GDRVINFO).
func askDriver(name string) hardware {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return hardware{}
	}
	defer unix.Close(fd)
	info, err := unix.IoctlGetEthtoolDrvinfo(fd, name)
	if err != nil {
		return hardware{}
	}
	return hardware{unix.ByteSliceToString(info.Driver[:]), unix.ByteSliceToString(info.Bus_info[:])}
}
