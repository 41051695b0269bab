package plan

import (
	"maps"
	"net"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// check looks at interfaces and their peers.
func check(j problem.Judge, m *spec.Machine) {
	ports, files := map[int]string{}, map[spec.Source]string{}
	for _, name := range slices.Sorted(maps.Keys(m.WireGuard)) {
		w, key := m.WireGuard[name], problem.JoinKey("wireguard", name)
		if from := w.PrivateKeyFile; w.PrivateKey != "" {
			if from != (spec.Source{}) {
				j.Of(key+".private_key").Bad(key+".private_key_file", "stands beside private_key; accepted: one of them")
			}
		} else if from.FWCfg == "" && !from.Generate && (!path.IsAbs(from.File) || path.Clean(from.File) != from.File) {
			j.Bad(key+".private_key_file", `is not the absolute path of a file; accepted: one on state, such as "/var/lib/wireguard/%s.key"`, name)
		} else if other, dup := files[from]; dup && from.Place() != "" {
			j.Of(problem.JoinKey("wireguard", other)+".private_key_file").Bad(key+".private_key_file", "is that of %s already", other)
		}
		files[w.PrivateKeyFile] = name
		if other, dup := ports[w.ListenPort]; dup && w.ListenPort != 0 {
			j.Of(problem.JoinKey("wireguard", other)+".listen_port").Bad(key+".listen_port", "%d is that of %s already", w.ListenPort, other)
		}
		ports[w.ListenPort] = name
		peers(j, key+".peer", w.Peer)
		ends(j, key, w, owners(m))
	}
	led(j, m)
}

func peers(j problem.Judge, table string, rows map[string]spec.WireGuardPeer) {
	keys := map[string]string{}
	nets := map[netip.Prefix]string{}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		p, key := rows[name], problem.JoinKey(table, name)
		if p.PublicKey == "" {
			j.Bad(key+".public_key", "is missing; accepted: what the peer shows as its public key")
		} else if other, dup := keys[string(p.PublicKey)]; dup {
			j.Of(problem.JoinKey(table, other)+".public_key").Bad(key+".public_key", "is that of %s already", other)
		}
		keys[string(p.PublicKey)] = name
		if p.Endpoint != "" {
			host, port, err := net.SplitHostPort(p.Endpoint)
			if n, bad := strconv.ParseUint(port, 10, 16); err != nil || host == "" || bad != nil || n == 0 {
				j.Bad(key+".endpoint", `is %q; accepted: "HOST:PORT", IPv6 in brackets`, p.Endpoint)
			}
		}
		for i, n := range p.AllowedIPs {
			if other, dup := nets[n]; dup {
				j.Of(problem.JoinKey(table, other)+".allowed_ips").Bad(problem.JoinIndex(key+".allowed_ips", i), "%s is that of %s already", n, other)
			}
			nets[n] = name
		}
		if d := time.Duration(p.Keepalive); d != 0 && (d < time.Second || d > 65535*time.Second || d%time.Second != 0) {
			j.Bad(key+".keepalive", "is %s; accepted: 1s to 65535s in whole seconds", p.Keepalive)
		}
		if file := p.PresharedKeyFile.File; file != "" && !path.IsAbs(file) {
			j.Bad(key+".preshared_key_file", "is not the absolute path of a file; accepted: such as \"/etc/wireguard/psk\"")
		}
	}
}
