package profile

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/suggest"
)

// firewall holds the packet filter's table to what can be said without reading its rules.
func (c *crosser) firewall() {
	f := c.p.Firewall
	if f == nil {
		return
	}
	if !path.IsAbs(f.Rules) || path.Clean(f.Rules) != f.Rules {
		c.bad("firewall.rules", "%q is not a path in the image; accepted: an absolute one, such as /etc/nftables.nft", f.Rules)
	}
	links := slices.Sorted(maps.Keys(c.p.Links()))
	for i, name := range f.Management.Interfaces {
		if !slices.Contains(links, name) {
			c.bad(joinIndex("firewall.management.interfaces", i), "there is no interface %q%s", name, suggest.DidYouMean(name, links))
		}
	}
	if words := strings.Fields(f.Flow.Table); len(f.Flow.Interfaces) > 0 && len(words) != 3 || len(words) != 0 && strings.Trim(f.Flow.Table, flowNames) != "" {
		c.bad("firewall.flow.table", `%q is no flow table; accepted: its family, table and name, such as "inet filter fast"`, f.Flow.Table)
	}
	for i, name := range f.Flow.Interfaces {
		if !slices.Contains(links, name) {
			c.bad(joinIndex("firewall.flow.interfaces", i), "there is no interface %q%s", name, suggest.DidYouMean(name, links))
		}
	}
	for i, port := range f.Management.TCP {
		if port < 1 || port > 65535 {
			c.bad(joinIndex("firewall.management.tcp", i), "is %d; accepted: 1 to 65535", port)
		}
	}
	switch m := f.Management; {
	case len(m.Interfaces) == 0 && len(m.TCP)+len(m.From) > 0:
		c.bad("firewall.management", `opens ports on no interface; accepted: interfaces = ["NAME"] as well`)
	case len(m.Interfaces) > 0 && len(c.p.ManagementPorts()) == 0:
		c.bad("firewall.management.interfaces", "opens nothing: there is no [ssh]; accepted: tcp = [PORT] as well")
	}
	for i, g := range f.Log.Groups {
		if g < 0 || g > 65535 {
			c.bad(joinIndex("firewall.log.groups", i), "is %d; accepted: 0 to 65535", g)
		}
	}
	if f.Log.Rate < 1 || f.Log.Rate > 10000 {
		c.bad("firewall.log.rate", "is %d; accepted: 1 to 10000", f.Log.Rate)
	}
	if f.Log.Burst < 1 || f.Log.Burst > 100000 {
		c.bad("firewall.log.burst", "is %d; accepted: 1 to 100000", f.Log.Burst)
	}
}

// flowNames are the characters of nft's names, and the blank between them.
const flowNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ "
