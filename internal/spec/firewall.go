package spec

import "net/netip"

// Firewall filters packets by nftables' own rules. No interface comes up before rules are in force:
// those of the profile or, where these fail, rules that drop everything but the way in for whoever
// mends them. The builder tries the rules before it writes an image.
type Firewall struct {
	// The rules, as a file in the image that nft(8) loads in one transaction; it may include others.
	// They are loaded before any interface has its name: match by iifname and oifname.
	Rules string `json:"rules,omitempty" default:"/etc/nftables.nft"`
	// What stays open when the rules fail.
	Management Management `json:"management,omitzero"`
	// Whether a packet must come from where its answer would go to (ip-sysctl, rp_filter), IPv4.
	// Rules do that for IPv6: fib saddr . iif oif missing drop.
	ReversePath ReversePath `json:"reverse_path,omitempty" default:"strict"`
	// The short way for packets of connections that rules let pass.
	Flow Flow `json:"flow,omitzero"`
	// Packets that rules log to a group ("log group 1") as records of the log.
	Log PacketLog `json:"log,omitzero"`
}

// Management is the way in that a ruleset which fails leaves open.
type Management struct {
	// Interfaces by name; without any nothing is open but the consoles.
	Interfaces []string `json:"interfaces,omitempty"`
	// TCP ports; by default that of [ssh] where there is one.
	TCP []int `json:"tcp,omitempty" zero:"refused"`
	// Networks that may use it; by default all that the interfaces reach.
	From []netip.Prefix `json:"from,omitempty" zero:"refused" network:"true"`
}

// Flow names a flow table of the rules, which declare it without devices, and those who join it: packets of
// connections that a rule added to it ("flow add @fast") go from one of these to another past all rules
// (Documentation/networking/nf_flowtable.rst).
type Flow struct {
	// Family, table and name, as nft(8) writes them: "inet filter fast".
	Table string `json:"table,omitempty"`
	// Interfaces that join as they come up.
	Interfaces []string `json:"interfaces,omitempty"`
}

// PacketLog says which logged packets become records, and how many.
type PacketLog struct {
	// Groups of nft's log statement, 0 to 65535; none are listened to by default.
	Groups []int `json:"groups,omitempty" twice:"refused"`
	// Most records in a second of one rule, by its prefix, and one interface, on average. What is above is counted, and
	// the count is a record.
	Rate int `json:"rate,omitempty" default:"50" accept:"1 to 10000"`
	// Records of it that may come at once.
	Burst int `json:"burst,omitempty" default:"200" accept:"1 to 100000"`
}

// ReversePath is a filter by the way back to a packet's source (RFC 3704).
type ReversePath string

// UnmarshalText accepts strict (the interface must be that of the best route), loose (any route), off.
func (r *ReversePath) UnmarshalText(b []byte) error {
	return Choice(r, b, "a filter by the way back", "strict", "loose", "off")
}

// ManagementPorts are the TCP ports of the management path.
func (m *Machine) ManagementPorts() []int {
	if m.Firewall == nil {
		return nil
	}
	if len(m.Firewall.Management.TCP) == 0 && m.SSH != nil {
		return []int{m.SSH.Port}
	}
	return m.Firewall.Management.TCP
}
