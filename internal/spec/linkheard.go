package spec

// acceptRA is the kernel's setting for router advertisements among those of an interface (ip-sysctl).
const acceptRA = "ipv6.accept_ra"

// HearsRouters says whether a link takes what routers advertise: where its row says so and, where that says nothing, if it asks others for
// its addresses anyway. Who states them wants none of whoever is on the wire. A port, and what carries frames
// for others alone, has no IPv6, and where nobody else is there is no router.
func (l Link) HearsRouters() bool {
	if l.NoAddress || l.Master != "" || l.Kind == "dummy" || l.Kind == "wireguard" {
		return false
	}
	if l.RA != nil {
		return *l.RA
	}
	if value, stated := l.Sysctl[acceptRA]; stated {
		return value != "0"
	}
	return l.AsksDHCP6() || l.DHCP4 && len(l.Addresses) == 0
}

// HearsRoutes says whether a link takes routes from others at all.
func (l Link) HearsRoutes() bool { return l.UsesRoutes() && (l.DHCP4 || l.HearsRouters()) }

// AsksDHCP6 says whether a link asks by DHCPv6 whatever routers say.
func (l Link) AsksDHCP6() bool { return l.DHCP6 != nil && *l.DHCP6 }

// UsesRoutes, UsesDNS, UsesMTU and UsesDomain say whether a link takes these from DHCP and routers at all.
func (a Addressing) UsesRoutes() bool { return a.UseRoutes == nil || *a.UseRoutes }
func (a Addressing) UsesDNS() bool    { return a.UseDNS == nil || *a.UseDNS }
func (a Addressing) UsesMTU() bool    { return a.UseMTU == nil || *a.UseMTU }
func (a Addressing) UsesDomain() bool { return a.UseDomain == nil || *a.UseDomain }

// AllRoutes says whether it takes those that routers advertise besides the default one as well.
func (a Addressing) AllRoutes() bool { return a.UseRoutes != nil && *a.UseRoutes }
