package plan

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// example shows the rows that can have addresses, with those that they have, as TOML for site.toml.
func example(m *spec.Machine) string {
	var b strings.Builder
	table := func(kind, name string, lines ...string) {
		if len(lines) > 0 {
			fmt.Fprintf(&b, "\n[%s]\n%s\n", problem.JoinKey(kind, name), strings.Join(lines, "\n"))
		}
	}
	all := m.Links()
	host, parent := 20, ""
	for _, name := range graph.Names(all) {
		l := all[name]
		if l.Kind == "wireguard" {
			continue // whose addresses go with its keys
		}
		if parent == "" && l.Master == "" && l.Kind != "dummy" && l.Kind != "vlan" {
			parent = name
		}
		var lines []string
		if l.Kind == "vlan" && m.Allows(spec.SiteVLANs) {
			v := m.VLAN[name]
			lines = append(lines, fmt.Sprintf("parent = %q", v.Parent), fmt.Sprintf("id = %d", v.ID))
		}
		if m.Allows(spec.SiteAddresses) && l.Master == "" && !l.NoAddress {
			lines = append(lines, addresses(l.Addressing, host)...)
			host++
		}
		table(l.Kind, name, lines...)
	}
	if m.Allows(spec.SiteVLANs) && parent != "" {
		table("vlan", unused(all), fmt.Sprintf("parent = %q", parent), "id = 4000", "dhcp4 = true")
	}
	return b.String()
}

// unused is a name that no interface has.
func unused(all map[string]spec.Link) string {
	for name := "site"; ; name += "x" {
		if _, taken := all[name]; !taken {
			return name
		}
	}
}

func addresses(a spec.Addressing, host int) []string {
	lines := []string{"dhcp4 = false"}
	if len(a.Addresses) > 0 {
		lines = append(lines, "addresses = "+list(a.Addresses), "gateways = "+list(a.Gateways))
	} else {
		own := netip.AddrFrom4([4]byte{192, 0, 2, byte(host)})
		lines = append(lines, fmt.Sprintf("addresses = [\"%s/24\"]", own), `gateways = ["192.0.2.1"]`)
	}
	return append(lines, "dns = "+list(a.DNS, netip.MustParseAddr("192.0.2.1")))
}

// list writes values as TOML; otherwise stands for none.
func list[T fmt.Stringer](values []T, otherwise ...T) string {
	if len(values) == 0 {
		values = otherwise
	}
	var words []string
	for _, v := range values {
		words = append(words, fmt.Sprintf("%q", v.String()))
	}
	return "[" + strings.Join(words, ", ") + "]"
}
