package qemu_tests

import (
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Five boots, between which the cards change places on the bus: a bond and the bridge on it have the address of the bond's first port,
// and a bridge without ports its own, each time.
func TestAddressesOverBoots(t *testing.T) {
	t.Parallel()
	long(t)
	first, second := qemu.MAC(1), qemu.MAC(0)
	box := extended(t, cloud+`
[ethernet.lan]
match    = { mac = "`+string(second)+`" }
dhcp4    = false
optional = false
[ethernet.lan2]
match = { mac = "`+string(first)+`" }
[bond.bond0]
ports = ["lan2", "lan"]
[bridge.br0]
ports     = ["bond0"]
addresses = ["192.0.2.1/24"]
[bridge.nat0]
addresses = ["198.51.100.1/24"]
`, map[string]string{})
	own := ""
	for turn := range 5 {
		vm, err := boot.Prepare(t.Context(), box.options)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(vm.Close)
		vm.Config.NICs = nil
		for _, mac := range []spec.MAC{first, second} {
			cable, err := segment(t).Cable()
			if err != nil {
				t.Fatal(err)
			}
			vm.Config.NICs = append(vm.Config.NICs, qemu.NIC{Model: "virtio-net-pci", Backend: cable, MAC: mac})
		}
		if turn%2 == 1 {
			slices.Reverse(vm.Config.NICs)
		}
		g := startFor(t, vm.Config, 2*limit)
		s := until(t, g, "both ports", func(s *report.State) bool {
			return s.Units["online:br0"].State == "ok" && s.Units["online:lan"].State == "ok" && s.Units["online:lan2"].State == "ok" && s.Facts["link.nat0.mac"].Value != ""
		})
		wantFacts(t, facts(g), map[string]any{"link.bond0.mac": string(first), "link.br0.mac": string(first)})
		if mac, _ := s.Facts["link.nat0.mac"].Value.(string); turn == 0 {
			own = mac
		} else if mac != own {
			t.Errorf("boot %d: nat0 has %s, and had %s before", turn, mac, own)
		}
		off(t, g)
	}
}
