package link

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
	"github.com/imgbuild/imgbuild/uinit/dhcp6/lease"
)

// used adds to settings what the kernel is to take of router advertisements (ip-sysctl, accept_ra_*); of its own accord it takes the
// default route and the largest packet, and hands name servers and domains to us.
func used(l spec.Link, settings map[string]string) {
	if l.AllRoutes() {
		settings[takesRoutes] = "128"
	}
	if !l.UsesRoutes() {
		settings["ipv6/accept_ra_defrtr"] = "0"
	}
	if !l.UsesMTU() {
		settings["ipv6/accept_ra_mtu"] = "0"
	}
}

// uses4 is a lease without what the row has no use for.
func (r row) uses4(l *dhcp.Lease) *dhcp.Lease {
	if l == nil {
		return nil
	}
	out := *l // whoever lent it may have use for the rest
	if !r.UsesRoutes() {
		out.Routes = nil
	}
	if !r.UsesDNS() {
		out.DNS = nil
	}
	if !r.UsesMTU() {
		out.MTU = 0
	}
	if !r.UsesDomain() {
		out.Domain = ""
	}
	return &out
}

// uses6 is the same of DHCPv6, which names neither routes nor sizes.
func (r row) uses6(l *lease.Lease) *lease.Lease {
	if l == nil {
		return nil
	}
	out := *l
	if !r.UsesDNS() {
		out.DNS = nil
	}
	if !r.UsesDomain() {
		out.Domains = nil
	}
	return &out
}

// usesOf says whether the row has use for a name server or domain that a router named.
func (r row) usesOf(l learnt) bool {
	if !r.HearsRouters() {
		return false
	}
	return l.server.IsValid() && r.UsesDNS() || l.domain != "" && r.UsesDomain()
}
