package firewall

import "strings"

// expressions are words of nft's language and the modules that do their work.
var expressions = map[string]string{
	"ct": "nft_ct", "log": "nft_log", "group": "nfnetlink_log", "limit": "nft_limit", "reject": "nft_reject_inet", "fib": "nft_fib_inet",
	"nat": "nft_chain_nat", "masquerade": "nft_masq", "dnat": "nft_nat", "snat": "nft_nat", "redirect": "nft_redir", "quota": "nft_quota",
	"numgen": "nft_numgen", "jhash": "nft_hash", "symhash": "nft_hash", "tproxy": "nft_tproxy", "synproxy": "nft_synproxy",
	"flow": "nft_flow_offload", "flowtable": "nf_flow_table_inet",
	"bridge": "nf_conntrack_bridge", "ibrname": "nft_meta_bridge", "obrname": "nft_meta_bridge",
}

// Modules guesses which modules rules need, nf_tables first. The kernel asks for each that is not there when
// a rule needs it, but by a process of its own, which is slower than the module. What is
// guessed wrong costs some kilobytes, or a process.
func Modules(rules string) []string {
	names := []string{"nf_tables"}
	seen := map[string]bool{}
	for line := range strings.Lines(rules) {
		line, _, _ = strings.Cut(line, "#")
		for word := range strings.FieldsFuncSeq(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n{};,", r) }) {
			if module := expressions[word]; module != "" && !seen[module] {
				seen[module] = true
				names = append(names, module)
			}
		}
	}
	return names
}
