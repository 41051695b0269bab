package plan

import "github.com/imgbuild/imgbuild/internal/spec"

// NetworkModules are the kernel's that interfaces of containers are made of, and the rules of those that publish ports or go by NAT.
func NetworkModules(m *spec.Machine) (wants []spec.Want) {
	var veth, macvlan, routed bool
	for _, row := range m.Container {
		routed = routed || row.Routed()
		for _, n := range row.NIC {
			veth = veth || n.Bridge != ""
			macvlan = macvlan || n.Link != ""
		}
	}
	add := func(wanted bool, names ...string) {
		for _, name := range names {
			if wanted {
				wants = append(wants, spec.Want{Module: name, Why: "container"})
			}
		}
	}
	add(veth || routed, "veth")
	add(macvlan, "macvlan")
	// What rules stand on comes along; the last one is for connections that are to be forgotten.
	add(routed, "nf_tables", "nft_chain_nat", "nft_nat", "nft_masq", "nft_ct", "nft_fib_inet", "nf_conntrack_netlink")
	return wants
}
