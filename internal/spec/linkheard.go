package spec

// HearsRouters says whether a link takes what routers advertise. A port, and what carries frames for others alone, has no IPv6, and
// where nobody else is there is no router.
func (l Link) HearsRouters() bool {
	return (l.RA == nil || *l.RA) && !l.NoAddress && l.Master == "" && l.Kind != "dummy" && l.Kind != "wireguard"
}

// AsksDHCP6 says whether a link asks by DHCPv6 whatever routers say.
func (l Link) AsksDHCP6() bool { return l.DHCP6 != nil && *l.DHCP6 }

// UsesRoutes, UsesDNS, UsesMTU and UsesDomain say whether a link takes these from DHCP and routers at all.
func (a Addressing) UsesRoutes() bool { return a.UseRoutes == nil || *a.UseRoutes }
func (a Addressing) UsesDNS() bool    { return a.UseDNS == nil || *a.UseDNS }
func (a Addressing) UsesMTU() bool    { return a.UseMTU == nil || *a.UseMTU }
func (a Addressing) UsesDomain() bool { return a.UseDomain == nil || *a.UseDomain }

// AllRoutes says whether it takes those that routers advertise besides the default one as well.
func (a Addressing) AllRoutes() bool { return a.UseRoutes != nil && *a.UseRoutes }
