package link

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Others change a bond, a bridge and a port; all is as it was soon after, and a setting that will not stay is left alone in the end.
func TestDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &soft{fake: fake{State: State{NICs: []NIC{{Index: 2, Name: "a", MTU: 1500, Carrier: true}, {Index: 3, Name: "b", Bus: "1", MTU: 1500, Carrier: true}}}}}
		m, f, changes := over(t, k, &spec.Machine{
			Ethernet: map[string]spec.Ethernet{"a": {}, "b": {}},
			Bond:     map[string]spec.Bond{"bond0": {Ports: []string{"a", "b"}, Mode: "active-backup", MIIMon: 100e6}},
			Bridge:   map[string]spec.Bridge{"br0": {Addressing: spec.Addressing{Sysctl: map[string]string{"ipv4.rp_filter": "1"}}}},
		})
		for _, name := range []string{"a", "b", "bond0", "br0"} {
			go func() { _ = m.Configure(t.Context(), name) }()
		}
		synctest.Wait()
		named := func(name string) *NIC {
			return &k.NICs[slices.IndexFunc(k.NICs, func(n NIC) bool { return n.Name == name })]
		}
		for _, tt := range []struct {
			what, link string
			change     func()
			good       func() bool
		}{
			{"a port is taken out", "a", func() { named("a").Master = 0 }, func() bool { return named("a").Master == named("bond0").Index && named("a").Up }},
			{"a bond looks at its ports too seldom", "bond0", func() { named("bond0").Tuning = map[string]string{"bonding/miimon": "0"} }, func() bool { return named("bond0").Tuning["bonding/miimon"] == "100" }},
			{"a bridge speaks STP", "br0", func() { named("br0").Tuning = map[string]string{"bridge/stp_state": "1"} }, func() bool { return named("br0").Tuning["bridge/stp_state"] == "0" }},
			{"a setting", "br0", func() { named("br0").Settings = map[string]string{"ipv4/rp_filter": "0"} }, func() bool { return named("br0").Settings["ipv4/rp_filter"] == "1" }},
		} {
			before, _ := f.fact("link." + tt.link + ".repairs").(int)
			tt.change()
			changes <- struct{}{}
			synctest.Wait()
			if after, _ := f.fact("link." + tt.link + ".repairs").(int); !tt.good() || after != before+1 {
				t.Errorf("%s: not set right, %d repairs before and %d after; done %q", tt.what, before, after, k.did)
			}
		}
		for range 20 {
			named("br0").Tuning = map[string]string{"bridge/stp_state": "1"}
			changes <- struct{}{}
			synctest.Wait()
		}
		if n, _ := f.fact("link.br0.repairs").(int); n != mostMends {
			t.Errorf("%d repairs within a minute, want %d", n, mostMends)
		}
	})
}
