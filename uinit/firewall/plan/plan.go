// Package plan says what the packet filter needs. It is pure, and the builder's as well.
package plan

import (
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "firewall", Tag: "nofirewall", Used: used, Units: Units, Check: check, Programs: programs, Modules: modules, Facts: facts}

func used(d *spec.Description) bool { return d.Firewall != nil }

// Units filter packets before any interface comes up, which need "filter" therefore, and let interfaces join a flow table.
func Units(d *spec.Description) []graph.Unit {
	if d.Firewall == nil {
		return nil
	}
	var units []graph.Unit
	add := func(u unit.Unit) { units = append(units, graph.Unit{Unit: u}) }
	// The kernel's settings. The profile's own words for them, which come by the unit "sysctl" after it, win.
	add(unit.Unit{Name: "firewall-settings", After: []string{"modules"}})
	// Modules of the profile may be what rules are made of.
	add(unit.Unit{Name: "filter", Needs: []string{"mounts"}, After: []string{"modules"}})
	add(unit.Unit{Name: "firewall", Needs: []string{"filter"}})
	for _, name := range graph.Names(d.Links()) {
		if slices.Contains(d.Firewall.Flow.Interfaces, name) {
			add(unit.Unit{Name: "flow:" + name, Needs: []string{"link:" + name, "firewall"}, Soft: true})
		}
	}
	return units
}

func programs(m *spec.Machine) []spec.Program {
	if m.Firewall == nil {
		return nil
	}
	return []spec.Program{{Package: "nftables", File: "/usr/sbin/nft"}}
}

// filterModules are what rulesets are made of: the kernel asks for each of these when a rule first needs it.
// Left out are those that want a program beside them (queue), that nothing is left to use (compat, for
// iptables), and helpers of protocols that hardly anybody speaks any more.
const filterModules = `nft_ct nft_log nft_limit nft_connlimit nft_quota nft_objref nft_hash nft_numgen
	nft_reject nft_reject_inet nft_reject_ipv4 nft_reject_ipv6 nft_fib nft_fib_inet nft_fib_ipv4 nft_fib_ipv6
	nft_chain_nat nft_nat nft_masq nft_redir nft_socket nft_tproxy nft_synproxy
	nft_flow_offload nf_flow_table nf_flow_table_inet nf_log_syslog nfnetlink_log
	nf_conntrack_ftp nf_nat_ftp nf_conntrack_tftp nf_nat_tftp nf_conntrack_sip nf_nat_sip`

// bridgeModules are those of the bridge family.
const bridgeModules = `nft_meta_bridge nft_reject_bridge nf_conntrack_bridge`

func modules(m *spec.Machine) []spec.Want {
	if m.Firewall == nil {
		return nil
	}
	wants := []spec.Want{{Module: "nf_tables", Why: "firewall"}}
	names := strings.Fields(filterModules)
	if len(m.Bridge) > 0 {
		names = append(names, strings.Fields(bridgeModules)...)
	}
	for _, name := range names {
		wants = append(wants, spec.Want{Module: name, Why: "firewall", Optional: true})
	}
	return wants
}
