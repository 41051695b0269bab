package plan

import (
	"github.com/imgbuild/imgbuild/internal/spec"
)

// example is a tunnel that site.toml may add: one by which the box calls home.
func example(m *spec.Machine) string {
	if _, taken := m.Links()["home"]; taken || !m.Allows(spec.SiteWireGuard) {
		return ""
	}
	return `
[wireguard.home]
private_key = "..." # as "wg genkey" prints it
addresses = ["10.99.0.7/24"]

[wireguard.home.peer.office]
public_key = "..." # as "wg pubkey" prints it there
endpoint = "vpn.example.net:51820"
allowed_ips = ["10.99.0.0/24"]
keepalive = "25s"
`
}
