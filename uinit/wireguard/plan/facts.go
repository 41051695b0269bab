package plan

import (
	"maps"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What is told of each interface, and of its peers.
var (
	PublicKey = fact.Each[string]{Pattern: "wireguard.NAME.public_key"}
	Port      = fact.Each[int]{Pattern: "wireguard.NAME.port"}
	Connected = fact.Pair[bool]{Pattern: "wireguard.NAME.PEER.connected"}
	Endpoint  = fact.Pair[string]{Pattern: "wireguard.NAME.PEER.endpoint"}
)

func facts() []graph.Facts {
	rows := func(d *spec.Description) []string { return graph.Names(all(d)) }
	return []graph.Facts{
		{Rows: graph.Each(rows), Of: []fact.Def{
			PublicKey.Means(fact.None, "The interface's public key, which its peers are given."),
			Port.Means(fact.None, "The UDP port that it listens on; 0 while there is none."),
		}},
		{Rows: peerRows, Of: []fact.Def{
			Connected.Means(fact.None, "Whether both ends have agreed on keys that are still good."),
			Endpoint.Means(fact.None, "Where the peer is, as address and port; empty while nobody knows."),
		}},
	}
}

// all are the interfaces; which ones the box's owner adds nobody knows before.
func all(d *spec.Description) map[string]spec.WireGuard {
	rows := maps.Clone(d.WireGuard)
	if d.Allows(spec.SiteWireGuard) {
		if rows == nil {
			rows = map[string]spec.WireGuard{}
		}
		rows["*"] = spec.WireGuard{Peer: map[string]spec.WireGuardPeer{"*": {}}}
	}
	return rows
}

// peerRows are the rows of all interfaces' peers.
func peerRows(d *spec.Description) (rows [][]string) {
	tunnels := all(d)
	for _, name := range graph.Names(tunnels) {
		for _, peer := range graph.Names(tunnels[name].Peer) {
			rows = append(rows, []string{name, peer})
		}
	}
	return rows
}
