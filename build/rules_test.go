package build

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/internal/profile"
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
		dir, p := world(t, "[image]\noverlays = [\"rules\"]\n"+tc.machine+"[firewall]\n")
		for name, text := range tc.files {
			write(t, filepath.Join(dir, "rules", name), text)
		}
		err := Check(p)
		if tc.want == "" {
			if err != nil {
				t.Errorf("%s: %v", tc.name, err)
			}
			continue
		}
		var problems profile.Problems
		if !errors.As(err, &problems) || len(problems) != 1 {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if got, want := problems[0].Pos.String(), filepath.Join(dir, "rules", tc.want); got != want {
			t.Errorf("%s: at %s, want %s: %v", tc.name, got, want, err)
		}
	}
}
