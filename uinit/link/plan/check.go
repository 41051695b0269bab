package plan

import (
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// check looks at what site.toml cannot change of interfaces; the rest is internal/crosscheck's.
func check(j problem.Judge, m *spec.Machine) {
	links := m.Links()
	for _, name := range graph.Names(links) {
		settings(j, problem.JoinKey(links[name].Kind, name), links[name])
		use(j, problem.JoinKey(links[name].Kind, name), links[name], m)
	}
	for _, name := range graph.Names(m.Bond) {
		bond(j, problem.JoinKey("bond", name), m.Bond[name])
	}
	hardware(j, m)
	nets(j, m)
	offered(j, m.Ethernet)
	for _, name := range graph.Names(m.VLAN) {
		tagged(j, problem.JoinKey("vlan", name), name, m.VLAN[name])
	}
	for _, name := range graph.Names(m.Ethernet) {
		if path := m.Ethernet[name].Match.Path; path != "" {
			place(j, problem.JoinKey("ethernet", name)+".match.path", path)
		}
	}
}

// bond finds what bonding passes over in another mode (Documentation/networking/bonding.rst): min_links, which only 802.3ad looks at
// (bond_set_carrier in drivers/net/bonding/bond_main.c), and what is not the default.
func bond(j problem.Judge, key string, b spec.Bond) {
	var usual spec.Bond
	defaults.Fill(&usual)
	for _, option := range []struct {
		name  string
		given bool
		modes []spec.BondMode
	}{
		{"lacp_rate", b.LACPRate != usual.LACPRate, []spec.BondMode{"802.3ad"}},
		{"min_links", b.MinLinks > 0, []spec.BondMode{"802.3ad"}},
		{"hash_policy", b.HashPolicy != usual.HashPolicy, []spec.BondMode{"802.3ad", "balance-xor", "balance-tlb"}},
	} {
		if option.given && !slices.Contains(option.modes, b.Mode) {
			var accepted []string
			for _, mode := range option.modes {
				accepted = append(accepted, string(mode))
			}
			j.Of(key+".mode").Bad(key+"."+option.name, "means nothing with mode %s; accepted: %s", b.Mode, strings.Join(accepted, ", "))
		}
	}
}

// settings checks the kernel's settings of an interface: each by itself, and beside keys of the row that say the same.
func settings(j problem.Judge, key string, l spec.Link) {
	if l.ARP != nil && !*l.ARP && l.ProxyARP != nil && *l.ProxyARP {
		j.Of(key+".arp").Bad(key+".proxy_arp", "answers ARP for others, and arp = false answers none; accepted: one of them")
	}
	if l.Sysctl["ipv6.disable_ipv6"] == "1" {
		for _, wants := range wantsIPv6(l) {
			j.Of(key+"."+wants).Bad(key+`.sysctl."ipv6.disable_ipv6"`, "takes IPv6 from the interface, and %s asks for it; accepted: one of them", wants)
		}
	}
	for setting, value := range l.Sysctl {
		at := problem.JoinKey(key+".sysctl", setting)
		family, rest, ok := strings.Cut(setting, ".")
		switch {
		case !ok || family != "ipv4" && family != "ipv6" || rest == "" || strings.ContainsAny(rest, "./"):
			j.Bad(at, `is not a setting of an interface; accepted: "ipv4.NAME" or "ipv6.NAME", as below /proc/sys/net/ipv6/conf`)
		case strings.TrimSpace(value) == "":
			j.Bad(at, "is %q, which the kernel takes for no value; accepted: such as 1, or leave the key out", value)
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
			j.Of(key+"."+own).Bad(at, "is %s beside %s = %t; accepted: one of them", value, own, *stated)
		}
	}
}

// place finds addresses of a bus that no device has: every one has a number in it, and those of PCI are written by the kernel with their
// domain and small letters (pci_name in linux/pci.h), otherwise than lspci(8), udev(7) and lshw(1) show them.
func place(j problem.Judge, key, path string) {
	bare := strings.ToLower(path)
	for _, prefix := range []string{"pci-", "pci@"} {
		bare = strings.TrimPrefix(bare, prefix)
	}
	if isPCI("0000:" + bare) {
		bare = "0000:" + bare
	}
	switch {
	case isPCI(bare) && bare != path:
		j.Bad(key, "%q is no address of a bus as the kernel writes it; accepted: %q", path, bare)
	case !strings.ContainsAny(path, "0123456789") || strings.ContainsAny(path, "/ \n"):
		j.Bad(key, `%q is no address of a bus; accepted: as in /sys/bus/pci/devices, such as "0000:03:00.0"`, path)
	}
}

// isPCI says whether a text has the form of an address on PCI: domain, bus, slot and function in hexadecimal, the domain of four digits or more.
func isPCI(text string) bool {
	rest, function, _ := strings.Cut(text, ".")
	parts := strings.Split(rest, ":")
	if len(parts) != 3 || len(parts[0]) < 4 || len(parts[1]) != 2 || len(parts[2]) != 2 || len(function) != 1 {
		return false
	}
	return strings.Trim(parts[0]+parts[1]+parts[2]+function, "0123456789abcdef") == ""
}
