package problem

import "net/netip"

// Networks refuses addresses that stand for networks: who would be let in by them is a guess.
func (j Judge) Networks(key string, list []netip.Prefix) {
	for i, n := range list {
		if n.IsValid() && n != n.Masked() {
			j.Bad(JoinIndex(key, i), "%s is an address in a network; accepted: the network, %s", n, n.Masked())
		}
	}
}
