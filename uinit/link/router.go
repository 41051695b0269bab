package link

import (
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Flags that the kernel keeps of the last router advertisement (include/net/if_inet6.h, IF_RA_*), and the attribute that
// has them (include/uapi/linux/if_link.h, IFLA_INET6_FLAGS).
const (
	raOther    = 0x80
	raManaged  = 0x40
	inet6Flags = 1
)

// routerFlags asks for the flags of all interfaces by index; the library leaves them out.
func routerFlags() (map[int]uint32, error) {
	req := nl.NewNetlinkRequest(unix.RTM_GETLINK, unix.NLM_F_DUMP)
	req.AddData(nl.NewIfInfomsg(unix.AF_INET6))
	messages, err := req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWLINK)
	if err != nil {
		return nil, fmt.Errorf("asking for the flags of routers: %w", err)
	}
	flags := map[int]uint32{}
	for _, m := range messages {
		if len(m) < unix.SizeofIfInfomsg {
			continue
		}
		attributes, err := nl.ParseRouteAttr(m[unix.SizeofIfInfomsg:])
		if err != nil {
			return nil, fmt.Errorf("reading the flags of routers: %w", err)
		}
		for _, a := range attributes {
			if a.Attr.Type&nl.NLA_TYPE_MASK != unix.IFLA_PROTINFO {
				continue
			}
			inner, err := nl.ParseRouteAttr(a.Value)
			if err != nil {
				return nil, fmt.Errorf("reading the flags of routers: %w", err)
			}
			for _, x := range inner {
				if x.Attr.Type == inet6Flags && len(x.Value) == 4 {
					flags[int(nl.DeserializeIfInfomsg(m).Index)] = nl.NativeEndian().Uint32(x.Value)
				}
			}
		}
	}
	return flags, nil
}
