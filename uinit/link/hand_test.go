package link

import (
	"context"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// handedFile is a file of the test's own for what is by hand.
func handedFile(t *testing.T) string { return resolvFile(t) + ".hand" }

// What is by hand stays as a person makes it, through the manager's own looks at it and another worker too, and nobody calls that
// trouble; a bond's ports go with it. What is taken back is made as the profile states.
func TestByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := netip.MustParsePrefix("192.0.2.20/24")
		machine := &spec.Machine{
			Ethernet: map[string]spec.Ethernet{
				"a": {Match: spec.Match{Index: index(0)}}, "b": {Match: spec.Match{Index: index(1)}},
				"lan": {Match: spec.Match{Index: index(2)}, Addressing: spec.Addressing{Addresses: []netip.Prefix{lan}, DNS: []netip.Addr{netip.MustParseAddr("192.0.2.53")}}},
			},
			Bond: map[string]spec.Bond{"bond0": {Ports: []string{"a", "b"}, Mode: "active-backup", MIIMon: 100e6}},
		}
		k := &soft{fake: fake{State: State{NICs: []NIC{{Index: 2, Name: "a", MTU: 1500, Carrier: true}, {Index: 3, Name: "b", Bus: "1", MTU: 1500, Carrier: true}, {Index: 4, Name: "lan", Bus: "2", MTU: 1500, Carrier: true}}}}}
		m, f, changes := over(t, k, machine)
		ctx, crash := context.WithCancel(t.Context())
		m.ctx = ctx
		for name := range machine.Links() {
			go func() { _ = m.Configure(t.Context(), name) }()
		}
		synctest.Wait()
		has := func() bool {
			return slices.ContainsFunc(k.Addresses, func(a Address) bool { return a.Prefix == lan })
		}
		joined := func() bool { return k.at(2).Master != 0 }
		byHand := func(m *Manager) {
			t.Helper()
			k.Addresses, k.at(2).Master, k.at(4).Up = nil, 0, false
			k.at(4).Settings = map[string]string{"ipv6/accept_ra": "2"}
			if err := os.WriteFile(m.resolvConf, []byte("nameserver 198.51.100.53\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			changes <- struct{}{}
			time.Sleep(2 * lookForDrift)
		}
		f.forget()
		if byHand(m); !has() || !joined() || !k.at(4).Up {
			t.Fatalf("what nobody has taken over is left as it was made: %+v", k.State)
		}
		for _, name := range []string{"lan", "bond0"} {
			if names, err := m.Release(t.Context(), name); err != nil || !slices.Contains(names, name) || slices.Contains(names, "a") != (name == "bond0") {
				t.Fatalf("releasing %s: %q, %v", name, names, err)
			}
		}
		if _, err := m.Release(t.Context(), "lam"); err == nil || !strings.Contains(err.Error(), "did you mean lan?") {
			t.Errorf("an interface that is not there: %v", err)
		}
		f.forget()
		stays := func(m *Manager) {
			t.Helper()
			byHand(m)
			text, err := os.ReadFile(m.resolvConf)
			if has() || joined() || k.at(4).Up || k.at(4).Settings["ipv6/accept_ra"] != "2" || err != nil || !strings.Contains(string(text), "198.51.100.53") {
				t.Errorf("what is by hand did not stay: %+v, resolv.conf %q %v; done %q", k.State, text, err, k.did)
			}
			if f.fact("link.lan.by_hand") != true || f.fact("link.b.by_hand") != true || f.heardOf("lan misses") || m.Waiting("lan") != "" {
				t.Errorf("told %q, waiting for %q", f.said, m.Waiting("lan"))
			}
			if err := m.Online(t.Context(), "lan"); err != nil {
				t.Error(err)
			}
			if lines := strings.Join(m.Lines(), "\n"); strings.Count(lines, "by hand") != 4 {
				t.Errorf("shown as\n%s", lines)
			}
		}
		stays(m)

		crash()
		synctest.Wait()
		again, f2, changes2 := over(t, k, machine)
		again.handFile, again.resolvConf = m.handFile, m.resolvConf
		f, changes = f2, changes2
		for name := range machine.Links() {
			if err := again.Configure(t.Context(), name); err != nil {
				t.Error(err)
			}
		}
		stays(again)
		for _, name := range []string{"lan", "bond0"} {
			if _, err := again.Take(t.Context(), name); err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		if !has() || !joined() || !k.at(4).Up || f.fact("link.lan.by_hand") != false {
			t.Errorf("what was taken back is not as the profile states: %+v; done %q", k.State, k.did)
		}
		if text, err := os.ReadFile(m.resolvConf); err != nil || !strings.Contains(string(text), "nameserver 192.0.2.53") {
			t.Errorf("resolv.conf is %q, %v", text, err)
		}
	})
}
