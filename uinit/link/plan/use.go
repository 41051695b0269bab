package plan

import (
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// use finds keys about what DHCP and routers say on interfaces that never hear it. Where the box's owner may have it ask, nobody knows.
func use(j problem.Judge, key string, l spec.Link, m *spec.Machine) {
	if m.Allows(spec.SiteAddresses) {
		return
	}
	routers := l.HearsRouters()
	j = j.Of(key+".dhcp4", key+".dhcp6", key+".ra", key+".no_address", "bond", "bridge")
	for _, k := range []struct {
		name   string
		stated *bool
		heard  bool
		accept string
	}{
		{"use_routes", l.UseRoutes, l.DHCP4 || routers, "dhcp4 = true or ra = true"},
		{"use_dns", l.UseDNS, l.DHCP4 || l.AsksDHCP6() || routers, "dhcp4 = true, dhcp6 = true or ra = true"},
		{"use_mtu", l.UseMTU, l.DHCP4 || routers, "dhcp4 = true or ra = true"},
		{"use_domain", l.UseDomain, l.DHCP4 || l.AsksDHCP6() || routers, "dhcp4 = true, dhcp6 = true or ra = true"},
	} {
		switch {
		case k.stated == nil:
		case !k.heard:
			j.Bad(key+"."+k.name, "is about what others say, and this interface asks nobody who could; accepted: with %s", k.accept)
		case k.name == "use_mtu" && *k.stated && l.MTU != 0 && !routers:
			j.Of(key+".mtu").Bad(key+"."+k.name, "is true beside mtu = %d, which counts in its place; accepted: one of them", l.MTU)
		}
	}
}
