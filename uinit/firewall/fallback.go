// Package firewall brings packet rules into force: the profile's, or where these fail, its own that
// drop everything but the management path.
package firewall

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Fallback is the ruleset for a machine whose own one failed, in nft(8)'s language. It is made of the
// table [firewall] alone, so that no text of the profile's author can break it as well.
//
// In come answers to what the machine asked itself, DHCP's (RFC 2131, section 4.1; RFC 8415, section
// 7.2) and neighbour discovery (RFC 4890, section 4.4), without which there is no management path
// either. Nothing is forwarded or bridged.
func Fallback(m *spec.Machine) string {
	var b strings.Builder
	b.WriteString(`flush ruleset
table inet fallback {
	chain input {
		type filter hook input priority filter; policy drop;
		iifname "lo" accept
		ct state established,related accept
		icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect } ip6 hoplimit 255 accept
		icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, mld-listener-query } accept
		udp sport 67 udp dport 68 accept
		ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept
`)
	for _, rule := range management(m) {
		fmt.Fprintf(&b, "\t\t%s\n", rule)
	}
	b.WriteString(`	}
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
}
`)
	if len(m.Bridge) > 0 {
		b.WriteString(`table bridge fallback {
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
}
`)
	}
	return b.String()
}

// management is the way in: one rule for each family, or none.
func management(m *spec.Machine) []string {
	ports := m.ManagementPorts()
	on := m.Firewall.Management.Interfaces
	if len(on) == 0 || len(ports) == 0 {
		return nil
	}
	names, numbers := make([]string, len(on)), make([]string, len(ports))
	for i, name := range on {
		names[i] = strconv.Quote(name)
	}
	for i, port := range ports {
		numbers[i] = strconv.Itoa(port)
	}
	rule := fmt.Sprintf("tcp dport %s accept", set(numbers))
	where := "iifname " + set(names) + " "
	if len(m.Firewall.Management.From) == 0 {
		return []string{where + rule}
	}
	var four, six []string
	for _, p := range m.Firewall.Management.From {
		if p.Addr().Is4() {
			four = append(four, network(p))
		} else {
			six = append(six, network(p))
		}
	}
	var rules []string
	if four != nil {
		rules = append(rules, where+"ip saddr "+set(four)+" "+rule)
	}
	if six != nil {
		rules = append(rules, where+"ip6 saddr "+set(six)+" "+rule)
	}
	return rules
}

// network drops the host's part, which nft does not take.
func network(p netip.Prefix) string { return p.Masked().String() }

func set(members []string) string { return "{ " + strings.Join(members, ", ") + " }" }
