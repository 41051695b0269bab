package plan

import (
	"strings"

	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/internal/profile"
)

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

// firewallWants lists the modules of a packet filter.
func firewallWants(p *profile.Profile) []kmod.Want {
	if p.Firewall == nil {
		return nil
	}
	wants := []kmod.Want{{Name: "nf_tables", Why: "firewall"}}
	names := strings.Fields(filterModules)
	if len(p.Bridge) > 0 {
		names = append(names, strings.Fields(bridgeModules)...)
	}
	for _, name := range names {
		wants = append(wants, kmod.Want{Name: name, Why: "firewall", Optional: true})
	}
	return wants
}
