package rules

import (
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/build/sources"
)

const (
	bridged = "[ethernet.a]\n[ethernet.b]\n[bridge.wire]\nports = [\"a\", \"b\"]\nno_address = true\n"
	routed  = "[ethernet.a]\ndhcp4 = true\n"
)

// What of rules is wrong without trying them, with its place in the overlay.
func TestCheckRules(t *testing.T) {
	for _, tc := range []struct {
		name, machine string
		files         map[string]string
		want          string // file:line:col
	}{
		{"routed NAT", routed, map[string]string{"etc/nftables.nft": "table ip nat {\n\tchain post { type nat hook postrouting priority 100; }\n}\n"}, ""},
		{"NAT of the bridge family", routed, map[string]string{"etc/nftables.nft": "table bridge b {\n\tchain post { type nat hook postrouting priority 100; }\n}\n"}, "etc/nftables.nft:2:15"},
		{"NAT where nothing is routed", bridged, map[string]string{"etc/nftables.nft": "include \"nftables.d/*.nft\"\n", "etc/nftables.d/1.nft": "table inet n {\nchain post {\n  type nat hook postrouting priority srcnat\n}\n}\n"}, "etc/nftables.d/1.nft:3:3"},
		{"filters on a bridge", bridged, map[string]string{"etc/nftables.nft": "table bridge b {\n\tchain f { type filter hook forward priority 0; }\n}\n"}, ""},
		{"no rules", bridged, map[string]string{"etc/motd": "x"}, "../box.toml:13:1"},
	} {
		dir, p := buildtest.World(t, "[image]\noverlays = [\"rules\"]\n"+tc.machine+"[firewall]\n")
		for name, text := range tc.files {
			buildtest.Write(t, filepath.Join(dir, "rules", name), text)
		}
		overlays, open, err := sources.Overlays(p)
		if err != nil {
			t.Fatal(err)
		}
		problems := Check(p, overlays, open)
		if tc.want == "" {
			if problems != nil {
				t.Errorf("%s: %v", tc.name, problems)
			}
			continue
		}
		if len(problems) != 1 {
			t.Errorf("%s: %v", tc.name, problems)
			continue
		}
		if got, want := problems[0].Pos.String(), filepath.Join(dir, "rules", tc.want); got != want {
			t.Errorf("%s: at %s, want %s: %v", tc.name, got, want, problems[0])
		}
	}
}
