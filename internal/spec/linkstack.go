package spec

import "maps"

// Bond joins interfaces into one that outlives the loss of a cable
// (Documentation/networking/bonding.rst).
type Bond struct {
	// Names of the interfaces that it is made of. It has the hardware address of the first of them that is there, and keeps that
	// while the port is away.
	Ports []string `json:"ports" twice:"fine"`
	// How the ports share the work.
	Mode BondMode `json:"mode,omitempty" default:"active-backup"`
	// How often carrier of the ports is looked at.
	MIIMon Duration `json:"miimon,omitempty" default:"100ms" accept:"1ms to 10s, or nothing would see a cable that is pulled"`
	// The port to use whenever it has carrier, with active-backup.
	Primary string `json:"primary,omitempty"`
	// How often the other side is to send LACP messages, with 802.3ad.
	LACPRate LACPRate `json:"lacp_rate,omitempty" default:"slow"`
	// What of a packet chooses the port, with 802.3ad and balance-xor.
	HashPolicy HashPolicy `json:"hash_policy,omitempty" default:"layer2"`
	// How many ports must have carrier for the bond to have it, with 802.3ad.
	MinLinks int `json:"min_links,omitempty"`
	Addressing
}

// SiteVLANs is for parents and tags, and for VLANs that the profile does not have.
const SiteVLANs SiteKey = "vlans"

// VLAN is one tagged network of an interface (IEEE 802.1Q).
type VLAN struct {
	// Name of the interface that carries it.
	Parent string `json:"parent" site:"vlans"`
	// The tag.
	ID int `json:"id" accept:"1 to 4094" site:"vlans"`
	Addressing
}

// Bridge is a switch between interfaces (IEEE 802.1D).
type Bridge struct {
	// Names of the interfaces that it connects; others, such as those of guests, may join later. It has the hardware address of the
	// first of these that is there, whoever joins; without ports one that follows from the machine and its name.
	Ports []string `json:"ports,omitempty" twice:"fine"`
	// Speak the spanning tree protocol.
	STP bool `json:"stp,omitempty"`
	// How long a port listens before it forwards. With STP 2s to 30s, by default 15s;
	// without 0s.
	ForwardDelay *Duration `json:"forward_delay,omitempty"`
	// Keep tagged networks apart.
	VLANFiltering bool `json:"vlan_filtering,omitempty"`
	Addressing
}

// BridgeFilter says which rules for routed packets bridged frames pass as well, once the kernel's
// module br_netfilter is loaded (bridge-nf-call-*). It is stated whenever there is a bridge: the
// kernel's own choice is yes, and packets that a bridge carries for others would be dropped by rules of the box.
type BridgeFilter struct {
	// IPv4, as bridge-nf-call-iptables.
	IPTables bool `json:"iptables,omitempty"`
	// IPv6, as bridge-nf-call-ip6tables.
	IP6Tables bool `json:"ip6tables,omitempty"`
	// ARP, as bridge-nf-call-arptables.
	ARPTables bool `json:"arptables,omitempty"`
}

// Dummy is an interface without a network behind it, for addresses that belong to the box itself.
type Dummy struct {
	Addressing
}

// BondMode is how the ports of a bond share the work.
type BondMode string

// LACPRate is how often LACP messages are wanted: slow is every 30 s, fast every second.
type LACPRate string

// HashPolicy is what of a packet chooses a bond's port.
type HashPolicy string

// UnmarshalText accepts the kernel's names of modes.
func (m *BondMode) UnmarshalText(b []byte) error {
	return Choice(m, b, "a bond's mode", "active-backup", "802.3ad", "balance-xor", "balance-rr", "broadcast", "balance-tlb", "balance-alb")
}

// UnmarshalText accepts slow and fast.
func (r *LACPRate) UnmarshalText(b []byte) error {
	return Choice(r, b, "a rate of LACP messages", "slow", "fast")
}

// UnmarshalText accepts the kernel's names of policies.
func (h *HashPolicy) UnmarshalText(b []byte) error {
	return Choice(h, b, "a hash policy", "layer2", "layer2+3", "layer3+4", "encap2+3", "encap3+4", "vlan+srcmac")
}

// Link is what rows of all kinds have in common.
type Link struct {
	// Kind is the name of the row's table: ethernet, bond, vlan, bridge, dummy, wireguard.
	Kind string
	// Lower are the rows that this one is made of: a bond's or bridge's ports, a VLAN's parent.
	Lower []string
	// Master is the bond or bridge that this one is a port of, if any.
	Master string
	Addressing
}

// Links returns the interfaces of all kinds by name. Of two with one name the last kind counts; a
// checked profile has none.
func (m *Machine) Links() map[string]Link {
	all := map[string]Link{}
	for name, r := range m.Ethernet {
		all[name] = Link{Kind: "ethernet", Addressing: r.Addressing}
	}
	for name, r := range m.Dummy {
		all[name] = Link{Kind: "dummy", Addressing: r.Addressing}
	}
	for name, r := range m.WireGuard {
		all[name] = Link{Kind: "wireguard", Addressing: r.Addressing}
	}
	for name, r := range m.Bond {
		all[name] = Link{Kind: "bond", Lower: r.Ports, Addressing: r.Addressing}
	}
	for name, r := range m.VLAN {
		all[name] = Link{Kind: "vlan", Lower: []string{r.Parent}, Addressing: r.Addressing}
	}
	for name, r := range m.Bridge {
		all[name] = Link{Kind: "bridge", Lower: r.Ports, Addressing: r.Addressing}
	}
	for name, l := range maps.Clone(all) {
		if l.Kind != "bond" && l.Kind != "bridge" {
			continue
		}
		for _, port := range l.Lower {
			if p, ok := all[port]; ok {
				p.Master = name
				all[port] = p
			}
		}
	}
	return all
}
