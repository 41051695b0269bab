package link

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Device is an interface of software that has to be made.
type Device struct {
	// Kind is the kernel's name for it: bond, vlan, bridge, dummy.
	Kind string
	// Parent is the index of the interface that carries a VLAN, ParentName its name, ID the tag.
	Parent     int
	ParentName string
	ID         int
	Bond       spec.Bond
	Bridge     spec.Bridge
}

// row is what the profile says of a link, whatever its kind.
type row struct {
	spec.Link
	// match is for hardware; device, without a parent's index, for the others.
	match  spec.Match
	device *Device
	// routes are those of [route] on this link.
	routes []Route
	// ipv6: it has use for IPv6, or a VLAN on it has.
	ipv6 bool
	// portless: a bridge of guests alone, or a VLAN on one. The kernel gives it carrier only while one of them runs.
	portless bool
	// depth is how many links lie below this one: what is below is made and brought up first.
	depth int
}

func rowsOf(m *spec.Machine) map[string]row {
	rows := map[string]row{}
	for name, l := range m.Links() {
		r := row{Link: l}
		switch l.Kind {
		case "ethernet":
			r.match = m.Ethernet[name].Match
		case "bond":
			r.device = &Device{Kind: l.Kind, Bond: m.Bond[name]}
		case "bridge":
			r.device = &Device{Kind: l.Kind, Bridge: m.Bridge[name]}
		case "vlan":
			r.device = &Device{Kind: l.Kind, ID: m.VLAN[name].ID, ParentName: m.VLAN[name].Parent}
		default:
			r.device = &Device{Kind: l.Kind}
		}
		r.routes = routesOf(m, name)
		r.ipv6 = m.IPv6(name, l)
		rows[name] = r
	}
	for name, r := range rows {
		r.depth = depth(rows, name, len(rows))
		r.ipv6 = r.ipv6 || carriesIPv6(rows, name, len(rows))
		r.portless = portless(rows, name, len(rows))
		rows[name] = r
	}
	return rows
}

// routesOf are the routes that a machine states for a link.
func routesOf(m *spec.Machine, link string) []Route {
	var all []Route
	for _, name := range slices.Sorted(maps.Keys(m.Route)) {
		r := m.Route[name]
		if r.Link != link {
			continue
		}
		if r.Table == mainTable {
			r.Table = 0
		}
		all = append(all, Route{Dst: r.Destination.Masked(), Via: r.Via, Metric: r.Metric, Table: r.Table, Source: r.Source})
	}
	return all
}

// mainTable is the table that is meant where none is named (RT_TABLE_MAIN in include/uapi/linux/rtnetlink.h).
const mainTable = 254

// carriesIPv6 says whether a VLAN on a link has use for IPv6; it gives up at limit, as depth does.
func carriesIPv6(rows map[string]row, name string, limit int) bool {
	for vlan, r := range rows {
		if limit > 0 && r.Kind == "vlan" && slices.Contains(r.Lower, name) && (r.ipv6 || carriesIPv6(rows, vlan, limit-1)) {
			return true
		}
	}
	return false
}

// portless gives up at limit, as depth does.
func portless(rows map[string]row, name string, limit int) bool {
	r := rows[name]
	return r.Kind == "bridge" && len(r.Lower) == 0 || limit > 0 && r.Kind == "vlan" && portless(rows, r.Lower[0], limit-1)
}

// depth gives up at limit: a circle is the profile's mistake, and must not be ours.
func depth(rows map[string]row, name string, limit int) int {
	deepest := 0
	if limit == 0 {
		return 0
	}
	for _, lower := range rows[name].Lower {
		if _, ok := rows[lower]; ok {
			deepest = max(deepest, 1+depth(rows, lower, limit-1))
		}
	}
	return deepest
}

// is says whether an interface is the device, as far as that cannot be changed any more.
func (d Device) is(n NIC) bool {
	switch {
	case n.Kind != d.Kind:
		return false
	case d.Kind == "vlan":
		return n.Parent == d.Parent && n.ID == d.ID
	case d.Kind == "bond":
		return n.Mode == string(d.Bond.Mode)
	}
	return true
}

// forwardDelay is the bridge's, for which the kernel's default would hold up a bridge without STP as well.
func (d Device) forwardDelay() time.Duration {
	switch {
	case d.Bridge.ForwardDelay != nil:
		return time.Duration(*d.Bridge.ForwardDelay)
	case d.Bridge.STP:
		return 15 * time.Second
	}
	return 0
}

// settings are the kernel's settings of an interface, by their path below /proc/sys/net without "conf"
// and the interface: ipv6/accept_ra.
func settings(l spec.Link) map[string]string {
	out := map[string]string{}
	number := map[bool]string{true: "1", false: "0"}
	forwards := l.Forwarding != nil && *l.Forwarding
	switch {
	case l.NoAddress || l.Master != "":
		out["ipv6/disable_ipv6"] = "1"
	case l.Kind == "dummy": // where nobody says anything
	case !l.HearsRouters():
		out["ipv6/accept_ra"] = "0"
	case forwards:
		out["ipv6/accept_ra"] = "2" // also as a router
	case l.RA != nil:
		out["ipv6/accept_ra"] = "1"
	}
	if l.HearsRouters() {
		used(l, out)
	}
	if !l.HearsRoutes() && out["ipv6/disable_ipv6"] == "" && l.Kind != "dummy" {
		out["ipv4/"+redirects], out["ipv6/"+redirects] = "0", "0"
	}
	if l.Forwarding != nil {
		out["ipv4/forwarding"], out["ipv6/forwarding"] = number[*l.Forwarding], number[*l.Forwarding]
	}
	if l.ProxyARP != nil {
		out["ipv4/proxy_arp"] = number[*l.ProxyARP]
	}
	for key, value := range l.Sysctl {
		out[strings.Replace(key, ".", "/", 1)] = value
	}
	return out
}

// allSettings are the names of the settings that any row states.
func allSettings(rows map[string]row) []string {
	names := map[string]bool{}
	for _, r := range rows {
		for key := range settings(r.Link) {
			names[key] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
