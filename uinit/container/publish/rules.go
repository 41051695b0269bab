package publish

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// guardTable is that of the rules for all containers together.
const guardTable = "containers"

// tablePrefix is how those of single containers begin.
const tablePrefix = "container_"

func table(name string) string { return tablePrefix + name }

// without removes a table, in nft(8)'s language, whether it is there or not.
func without(table string) string {
	return fmt.Sprintf("table inet %s {}\ndelete table inet %[1]s\n", table)
}

// guard is what keeps links that forward for the sake of containers from forwarding for anybody else: what comes there goes to a
// container, by rules of that one, or nowhere. Bridged frames, where they come by here, are none of this.
func guard(m *spec.Machine) string {
	var b strings.Builder
	b.WriteString(without(guardTable) + "table inet " + guardTable + " {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n")
	for _, link := range Opened(m) {
		if _, is := m.Bridge[link]; is && m.BridgeFilter.IPTables {
			fmt.Fprintf(&b, "\t\tiifname %q oifname %[1]q accept\n", link)
		}
		fmt.Fprintf(&b, "\t\tiifname %q ip daddr != %v drop\n", link, spec.ContainerNetworks())
	}
	b.WriteString("\t}\n}\n")
	return b.String()
}

// rules are a container's. It gets connections to its published ports, from anybody but other containers; it opens none, or with NAT
// such to other machines. To this machine it opens none at all.
func rules(name string, row spec.Container, address netip.Addr) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	port := strconv.Quote(spec.ContainerPort(name, spec.ContainerHost0))
	line("%stable inet %s {", without(table(name)), table(name))
	// Whoever it says that it is, it is that address and no other.
	line("\tchain source { type filter hook prerouting priority raw; policy accept;")
	line("\t\tiifname %s ip saddr != %v drop\n\t}", port, address)
	line("\tchain input { type filter hook input priority filter; policy accept;")
	line("\t\tiifname %s ct state established,related accept", port)
	line("\t\tiifname %s drop\n\t}", port)
	line("\tchain forward { type filter hook forward priority filter; policy accept;")
	line("\t\tiifname %s ip daddr %v drop", port, spec.ContainerNetworks())
	line("\t\tiifname %s ct state established,related accept", port)
	if row.NAT {
		line("\t\tiifname %s ct state new accept", port)
	}
	line("\t\tiifname %s drop", port)
	line("\t\toifname %s ct state established,related accept", port)
	for _, p := range published(row) {
		line("\t\toifname %s ct status dnat %s dport %d accept", port, protocol(p), p.Into)
	}
	line("\t\toifname %s drop\n\t}", port)
	for _, hook := range []string{"prerouting", "output"} { // for others, and for this machine itself
		line("\tchain to_%s { type nat hook %[1]s priority -100; policy accept;", hook)
		for _, p := range published(row) {
			// 127.0.0.1 is the machine's own affair: the kernel routes it nowhere.
			where := "fib daddr type local ip daddr != 127.0.0.0/8"
			if p.Address.IsValid() {
				where = "ip daddr " + p.Address.String()
			}
			line("\t\t%s %s dport %d dnat ip to %v:%d", where, protocol(p), p.Port, address, p.Into)
		}
		line("\t}")
	}
	if row.NAT {
		line("\tchain from { type nat hook postrouting priority srcnat; policy accept;")
		line("\t\tip saddr %v oifname != %s masquerade\n\t}", address, port)
	}
	line("}")
	return b.String()
}

func protocol(p spec.Published) string {
	if p.UDP {
		return "udp"
	}
	return "tcp"
}

func published(row spec.Container) (all []spec.Published) {
	for _, p := range row.Publish {
		all = append(all, p.Parsed())
	}
	return slices.Compact(all)
}
