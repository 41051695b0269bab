package plan

import (
	"net/netip"
	"slices"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// owners are the machine's own addresses, and the keys that give them.
func owners(m *spec.Machine) map[netip.Addr]string {
	own := map[netip.Addr]string{}
	for name, l := range m.Links() {
		for i, p := range l.Addresses {
			own[p.Addr()] = problem.JoinIndex(problem.JoinKey(l.Kind, name)+".addresses", i)
		}
	}
	return own
}

// ends finds peers that nothing could be sent to: both sides have to know where one of them is, which packets are for whom, and the
// way to a peer must not lead through its own tunnel.
func ends(j problem.Judge, key string, w spec.WireGuard, own map[netip.Addr]string) {
	for _, name := range graph.Names(w.Peer) {
		p, row := w.Peer[name], problem.JoinKey(key+".peer", name)
		for i, n := range p.AllowedIPs {
			if n.IsSingleIP() && own[n.Addr()] != "" {
				j.Of(own[n.Addr()]).Bad(problem.JoinIndex(row+".allowed_ips", i), "%s is this machine's own address; accepted: the peer's, and networks behind it", n.Addr())
			}
			for _, other := range graph.Names(w.Peer) {
				if k := slices.IndexFunc(w.Peer[other].AllowedIPs, func(wide netip.Prefix) bool { return wide.Bits() > 0 && wide.Bits() < n.Bits() && wide.Overlaps(n) }); k >= 0 && other != name {
					j.Of(problem.JoinKey(key+".peer", other)+".allowed_ips").Warn(problem.JoinIndex(row+".allowed_ips", i), "%s lies in %s of %s, which then has no packets of it; accepted: networks of their own", n, w.Peer[other].AllowedIPs[k], other)
				}
			}
		}
		if p.Endpoint == "" && w.ListenPort == 0 && len(p.AllowedIPs) > 0 {
			j.Of(key+".listen_port").Warn(row, "has no endpoint, and %s has no listen_port that the peer could know: neither can begin; accepted: one of them", key)
		}
		if p.PresharedKeyFile.Place() != "" && p.PresharedKeyFile == w.PrivateKeyFile {
			j.Of(key+".private_key_file").Bad(row+".preshared_key_file", "is the file of the private key; accepted: a secret that the peer has, too")
		}
		at, err := netip.ParseAddrPort(p.Endpoint)
		if err != nil { // a name, or what is told elsewhere
			continue
		}
		switch a := at.Addr(); {
		case a.IsUnspecified() || a.IsMulticast():
			j.Bad(row+".endpoint", "%s is no machine's address; accepted: where the peer is", a)
		case own[a] != "":
			j.Of(own[a]).Bad(row+".endpoint", "%s is this machine's own address; accepted: where the peer is", a)
		case slices.ContainsFunc(w.Addresses, func(n netip.Prefix) bool { return n.Contains(a) }):
			j.Of(key+".addresses").Bad(row+".endpoint", "%s lies in the tunnel that is to lead there; accepted: the peer's address outside of it", a)
		}
	}
}

// led finds routes into tunnels whose peers may have none of what goes there.
func led(j problem.Judge, m *spec.Machine) {
	for _, name := range graph.Names(m.Route) {
		r := m.Route[name]
		w, tunnel := m.WireGuard[r.Link]
		allowed := func(p spec.WireGuardPeer) bool { return slices.ContainsFunc(p.AllowedIPs, r.Destination.Overlaps) }
		if tunnel && !slices.ContainsFunc(graph.Names(w.Peer), func(peer string) bool { return allowed(w.Peer[peer]) }) {
			j.Of(problem.JoinKey("wireguard", r.Link)+".peer").Bad(problem.JoinKey("route", name)+".link", "no peer of %s may have packets for %s; accepted: that network among the allowed_ips of one", r.Link, r.Destination)
		}
	}
}
