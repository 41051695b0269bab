package plan

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// hardware finds hardware addresses that two interfaces would have: a switch sends packets for one of them to the other. What one
// interface is made of may have its address.
func hardware(j problem.Judge, m *spec.Machine) {
	all := m.Links()
	seen := map[spec.MAC]string{}
	for _, name := range graph.Names(all) {
		l := all[name]
		if l.MAC == "" {
			continue
		}
		other, dup := seen[l.MAC]
		key := problem.JoinKey(l.Kind, name) + ".mac"
		if dup && !below(all, name, other, len(all)) && !below(all, other, name, len(all)) {
			j.Of(problem.JoinKey(all[other].Kind, other)+".mac").Bad(key, "%s is that of %s already; accepted: an address of its own", l.MAC, other)
		}
		seen[l.MAC] = name
	}
}

// below says whether an interface is made of another one; it gives up at a limit, for circles are told elsewhere.
func below(all map[string]spec.Link, name, lower string, limit int) bool {
	return limit > 0 && slices.ContainsFunc(all[name].Lower, func(l string) bool { return l == lower || below(all, l, lower, limit-1) })
}

// offered finds rows that match no interface, or one that an earlier row has. Of rows that match the same otherwise it is told as they
// are served: in the order of their names, those without an index by the first that is left.
func offered(j problem.Judge, rows map[string]spec.Ethernet) {
	macs := map[spec.MAC]string{}
	places := map[string]map[int]string{}
	for _, name := range graph.Names(rows) {
		match, key := rows[name].Match, problem.JoinKey("ethernet", name)+".match"
		if a := match.MAC; a != "" {
			if !a.One() {
				j.Bad(key+".mac", "%s is no interface's address; accepted: as \"ip link\" shows it", a)
			} else if other, dup := macs[a]; dup {
				j.Of(problem.JoinKey("ethernet", other)+".match").Bad(key+".mac", "%s is what ethernet.%s matches already; accepted: each interface in one row", a, other)
			}
			macs[a] = name
			continue
		}
		kind := match.Path + " " + strings.Join(match.Driver, " ")
		if places[kind] == nil {
			places[kind] = map[int]string{}
		}
		taken, place := places[kind], 0
		for match.Index == nil && taken[place] != "" {
			place++
		}
		if match.Index != nil {
			place = *match.Index
		}
		if other := taken[place]; other != "" {
			j.Of(problem.JoinKey("ethernet", other)+".match").Bad(key+".index", "%d is the interface that ethernet.%s takes already; accepted: another one", place, other)
		}
		if match.Index == nil && match.Path != "" && place > 0 {
			j.Of(problem.JoinKey("ethernet", taken[0])+".match").Warn(key+".path", "%q is where ethernet.%s is looked for already, and few cards have several ports at one address; accepted: another address, or index beside it where they have", match.Path, taken[0])
		}
		taken[place] = name
	}
}

// tagged finds names that say another tag, as people call VLANs: bond0.20, vlan20, v20.
func tagged(j problem.Judge, key, name string, v spec.VLAN) {
	rest := strings.TrimRight(name, "0123456789")
	n, err := strconv.Atoi(name[len(rest):])
	if (strings.HasSuffix(rest, ".") || rest == "vlan" || rest == "v") && err == nil && n != v.ID && v.ID > 0 && v.ID < 4095 {
		j.Warn(key+".id", "is %d, and its name says %d; accepted: the same number in both", v.ID, n)
	}
}

// wantsIPv6 are the keys by which a row asks for IPv6.
func wantsIPv6(l spec.Link) (keys []string) {
	for key, asks := range map[string]bool{
		"addresses": slices.ContainsFunc(l.Addresses, func(p netip.Prefix) bool { return p.Addr().Is6() }),
		"gateways":  slices.ContainsFunc(l.Gateways, netip.Addr.Is6),
		"dhcp6":     l.DHCP6 != nil && *l.DHCP6,
		"ra":        l.RA != nil && *l.RA,
	} {
		if asks {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
