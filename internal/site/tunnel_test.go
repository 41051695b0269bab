package site_test

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/site"
	"github.com/imgbuild/imgbuild/internal/spec"
)

const (
	tunnelKey = "CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEA="
	peerKey   = "jSD4x7v7mvPaTvUy7UTvxozmQrxdDFyx17kblsdO3wI="
)

// A tunnel of the owner's own is a row as whole as one of the profile's; one that the profile has gets another peer. What is missing or
// wrong is named, and no message shows a key.
func TestTunnels(t *testing.T) {
	const home = "[wireguard.home]\nprivate_key = \"" + tunnelKey + "\"\naddresses = [\"10.99.0.7/24\"]\n[wireguard.home.peer.office]\npublic_key = \"" + peerKey +
		"\"\nendpoint = \"vpn.example.net:51820\"\nallowed_ips = [\"10.99.0.0/24\"]\nkeepalive = \"25s\"\n"
	m := box(spec.SiteWireGuard)
	got, problems := site.Read("site.toml", []byte(home+"[wireguard.away.peer.desk]\npublic_key = \""+peerKey+"\"\n"), m)
	if problems != nil {
		t.Fatal(problems)
	}
	want := box(spec.SiteWireGuard)
	want.WireGuard["home"] = spec.WireGuard{PrivateKey: tunnelKey, Addressing: spec.Addressing{Addresses: []netip.Prefix{netip.MustParsePrefix("10.99.0.7/24")}},
		Peer: map[string]spec.WireGuardPeer{"office": {PublicKey: peerKey, Endpoint: "vpn.example.net:51820", AllowedIPs: []netip.Prefix{netip.MustParsePrefix("10.99.0.0/24")}, Keepalive: spec.Duration(25 * time.Second)}}}
	away := want.WireGuard["away"]
	away.Peer = map[string]spec.WireGuardPeer{"desk": {PublicKey: peerKey}}
	want.WireGuard["away"] = away
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got.WireGuard, want.WireGuard)
	}
	if !reflect.DeepEqual(m, box(spec.SiteWireGuard)) {
		t.Errorf("the machine itself was changed: %+v", m)
	}
	for text, said := range map[string]string{
		strings.Replace(home, "private_key", "#", 1):                "site.toml:1:1: wireguard.home: is not in the image, and a new WireGuard needs private_key",
		strings.Replace(home, tunnelKey, tunnelKey[:40], 1):         "site.toml:2:15: wireguard.home.private_key: is not a key of WireGuard",
		strings.Replace(home, "public_key", "#", 1):                 "site.toml:4:1: wireguard.home.peer.office: is not in the image, and a new WireGuardPeer needs public_key",
		strings.Replace(home, "private_key", "private_kye", 1):      "site.toml:2:1: wireguard.home.private_kye: unknown key; did you mean private_key?",
		strings.Replace(home, "private_key", "private_key_file", 1): "site.toml:2:1: wireguard.home.private_key_file: unknown key",
	} {
		got, problems := site.Read("site.toml", []byte(text), m)
		all := problems.Err()
		if got != nil || all == nil || !strings.Contains(all.Error(), said) || strings.Contains(all.Error(), tunnelKey[:20]) {
			t.Errorf("%v, want %q", all, said)
		}
	}
	if got, problems := site.Read("site.toml", []byte(home), box(spec.SiteAddresses)); got != nil || !strings.HasPrefix(problems.Sort()[0].String(), "site.toml:1:1: wireguard.home: there is no such row in the image") {
		t.Errorf("not allowed: %v", problems)
	}
}
