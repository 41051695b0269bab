package crosscheck

import (
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// settings checks the kernel's settings of an interface: each by itself, and beside keys of the row that say the same.
func (c *crosser) settings(key string, l spec.Link) {
	for setting, value := range l.Sysctl {
		at := problem.JoinKey(key+".sysctl", setting)
		family, rest, ok := strings.Cut(setting, ".")
		switch {
		case !ok || family != "ipv4" && family != "ipv6" || rest == "" || strings.ContainsAny(rest, "./"):
			c.Bad(at, `is not a setting of an interface; accepted: "ipv4.NAME" or "ipv6.NAME", as below /proc/sys/net/ipv6/conf`)
		case strings.TrimSpace(value) == "" || strings.ContainsAny(value, "\r\n"):
			c.Bad(at, "is %q, which the kernel takes for no value; accepted: such as 1, or leave the key out", value)
		}
		own, stated := "", (*bool)(nil)
		switch setting {
		case "ipv4.forwarding", "ipv6.forwarding":
			own, stated = "forwarding", l.Forwarding
		case "ipv4.proxy_arp":
			own, stated = "proxy_arp", l.ProxyARP
		case "ipv6.accept_ra":
			own, stated = "ra", l.RA
		}
		if stated != nil && *stated != (value != "0") {
			c.Of(key+"."+own).Bad(at, "is %s beside %s = %t; accepted: one of them", value, own, *stated)
		}
	}
}
