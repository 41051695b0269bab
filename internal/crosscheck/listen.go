package crosscheck

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// listens checks where servers listen: on addresses that the machine has.
func (c *crosser) listens() {
	if c.p.SSH != nil {
		Listen(c.Judge, c.p, "ssh.listen", c.p.SSH.Listen, "nobody reaches the SSH server")
	}
	for _, name := range slices.Sorted(maps.Keys(c.p.Share.ISCSI)) {
		Listen(c.Judge, c.p, problem.JoinKey("share.iscsi", name)+".listen", c.p.Share.ISCSI[name].Listen, "nobody reaches the disk")
	}
}

// Listen holds the addresses at a key, where a server listens, to those that the machine has; nobody says what comes of one
// that it has not.
func Listen(j problem.Judge, m *spec.Machine, key string, addresses []netip.Addr, nobody string) {
	all := m.Links()
	for i, a := range addresses {
		at := problem.JoinIndex(key, i)
		_, zone := all[a.Zone()]
		switch found := place(m, a); {
		case a.IsMulticast():
			j.Bad(at, "%s is a group's address; accepted: an address of this machine", a)
		case a.IsLinkLocalUnicast() && a.Is6() && !zone:
			j.Ref(a.Zone(), spec.LinkTables...).Bad(at, "%s is on every link, and its interface is not named%s; accepted: such as %s%%%s", a,
				suggest.DidYouMean(a.Zone(), slices.Sorted(maps.Keys(all))), a.WithZone(""), first(all))
		case found == never:
			j.Of(spec.LinkTables...).Bad(at, "no interface has %s or could get it, so %s; accepted: %s", a, nobody, addressesOf(m))
		case found == perhaps:
			j.Of(spec.LinkTables...).Warn(at, "no row gives an interface %s: unless DHCP or a router brings it, %s", a, nobody)
		}
	}
}

// addressesOf says which ones interfaces are given.
func addressesOf(m *spec.Machine) string {
	var list []string
	for _, l := range m.Links() {
		for _, p := range l.Addresses {
			list = append(list, p.Addr().String())
		}
	}
	slices.Sort(list)
	return strings.Join(append(list, "no listen for all"), ", ")
}

func first(all map[string]spec.Link) string {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		return name
	}
	return "lan"
}

// presence says whether a machine has an address.
type presence int

const (
	never presence = iota
	perhaps
	here
)

// place finds an address on the machine. A machine without a row of any interface may get its network from the kernel line.
func place(m *spec.Machine, a netip.Addr) presence {
	all := m.Links()
	found := never
	if a.IsUnspecified() || a.IsLoopback() || a.Is6() && a.IsLinkLocalUnicast() {
		found = here
	} else if len(all) == 0 || m.Allows(spec.SiteAddresses, spec.SiteVLANs) {
		found = perhaps
	}
	for _, l := range all {
		if slices.ContainsFunc(l.Addresses, func(p netip.Prefix) bool { return p.Addr() == a.Unmap() }) {
			return here
		}
		asks := l.DHCP4 && a.Unmap().Is4() || a.Unmap().Is6() && (l.HearsRouters() || l.AsksDHCP6() && !l.NoAddress && l.Master == "")
		if asks && l.Kind != "dummy" {
			found = max(found, perhaps)
		}
	}
	return found
}

// heard says whether another machine may reach the SSH server: it listens on an address that is not the machine's own affair,
// on an interface that leads somewhere.
func heard(m *spec.Machine) bool {
	all := m.Links()
	leads := len(all) == 0
	for _, l := range all {
		leads = leads || l.Kind != "dummy" && !l.NoAddress && l.Master == ""
	}
	return leads && (len(m.SSH.Listen) == 0 || slices.ContainsFunc(m.SSH.Listen, func(a netip.Addr) bool {
		return !a.IsLoopback() && !a.IsMulticast() && place(m, a) != never
	}))
}
