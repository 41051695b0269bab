package link

import (
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nlattr"
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
		index := int(nl.DeserializeIfInfomsg(m).Index)
		err := nlattr.Each(m[unix.SizeofIfInfomsg:], func(kind uint16, value []byte) error {
			if kind != unix.IFLA_PROTINFO {
				return nil
			}
			return nlattr.Each(value, func(kind uint16, value []byte) error {
				if kind == inet6Flags && len(value) == 4 {
					flags[index] = nl.NativeEndian().Uint32(value)
				}
				return nil
			})
		})
		if err != nil {
			return nil, fmt.Errorf("reading the flags of routers: %w", err)
		}
	}
	return flags, nil
}
