package link

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
)

func TestWaiting(t *testing.T) {
	static, lent := netip.MustParsePrefix("2001:db8::20/64"), netip.MustParsePrefix("192.0.2.100/24")
	router := netip.MustParseAddr("192.0.2.1")
	row := row{match: spec.Match{Driver: []string{"igb"}, Index: index(1)}, Link: spec.Link{Addressing: spec.Addressing{DHCP4: true, Addresses: []netip.Prefix{static}}}}
	// Each step is what the one before waited for.
	v := view{name: "lan", row: row}
	nic := NIC{Index: 2, Name: "lan"}
	lease := &dhcp.Lease{Address: lent, Routes: []dhcp.Route{{Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: router}}}
	for _, step := range []struct {
		next func()
		want string
	}{
		{func() {}, "no interface matches driver=igb index=1"},
		{func() { v.nic = &nic }, "lan is down"},
		{func() { nic.Up = true }, "no carrier on lan"},
		{func() { nic.Carrier = true }, "no DHCP lease on lan"},
		{func() { v.asking = func() (string, string) { return "no answer to DHCPDISCOVER on lan", " (4 sent)" } }, "no answer to DHCPDISCOVER on lan (4 sent)"},
		{func() { v.lease = lease; v.wanted = want("lan", row.Addressing, 0, 2, lease) }, "no address 192.0.2.100 on lan; no address 2001:db8::20 on lan"},
		{func() { v.addresses = []Address{{Prefix: static, Tentative: true}, {Prefix: lent}} }, "no default route by 192.0.2.1 on lan; address 2001:db8::20 is tentative on lan"},
		{func() { v.addresses[0].Tentative = false }, "no IPv4, has 2001:db8::20: no default route by 192.0.2.1 on lan"},
		{func() {
			v.routes = []Route{{NIC: 2, Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: router, Metric: 100}}
		}, ""},
	} {
		step.next()
		if got := v.waiting(); got != step.want {
			t.Errorf("waiting for %q, want %q", got, step.want)
		}
		if want := strings.TrimSuffix(step.want, " (4 sent)"); v.missing() != want {
			t.Errorf("missing %q, want %q", v.missing(), want)
		}
		if v.duplicate() != nil {
			t.Errorf("a duplicate: %v", v.duplicate())
		}
	}
	v.addresses[0].Duplicate = true
	if v.duplicate() == nil || v.missing() != v.duplicate().Error() {
		t.Errorf("about a duplicate address: %v, missing %q", v.duplicate(), v.missing())
	}
	if got := (view{name: "x"}).waiting(); got != "no Ethernet interface is left" {
		t.Errorf("waiting for %q", got)
	}
}

func TestResolver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	server := netip.MustParseAddr
	var none resolver
	if written, err := none.write(path, false); written || err != nil {
		t.Errorf("without servers: written %v, %v", written, err)
	}
	var r resolver
	r.add([]netip.Addr{server("192.0.2.53")}, &dhcp.Lease{DNS: []netip.Addr{server("192.0.2.54"), server("192.0.2.53")}, Domain: "example.net"})
	r.add([]netip.Addr{server("2001:db8::53")}, &dhcp.Lease{Domain: "example.net"})
	for name, step := range map[string]resolver{"servers": r, "none any more": none} {
		if written, err := step.write(path, true); !written || err != nil {
			t.Errorf("%s: written %v, %v", name, written, err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != step.String() {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	want := "search example.net\nnameserver 192.0.2.53\nnameserver 192.0.2.54\nnameserver 2001:db8::53\n"
	if _, body, _ := strings.Cut(r.String(), "\n"); body != want {
		t.Errorf("%q, want %q", body, want)
	}
}

// stubborn is a kernel that refuses one kind of change.
type stubborn struct{ fake }

var errUnsupported = errors.New("operation not supported")

func (s *stubborn) Observe() (State, error) {
	state := s.State
	state.NICs = append([]NIC(nil), s.NICs...)
	state.Addresses = append([]Address(nil), s.Addresses...)
	return state, nil
}

func (s *stubborn) Do(o Op) error {
	if _, ok := o.(SetARP); ok {
		return fmt.Errorf("%v: %w", o, errUnsupported)
	}
	return s.fake.Do(o)
}

// What the kernel refuses is told, of the link it concerns, and the rest is done all the same.
func TestRefusedChange(t *testing.T) {
	no := false
	k := &stubborn{fake{State: State{NICs: []NIC{{Index: 2, Name: "eth0", MTU: 1500}, {Index: 3, Name: "eth1", MTU: 1500}}}}}
	rows := map[string]spec.Ethernet{
		"lan": {Addressing: spec.Addressing{ARP: &no, Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.20/24")}}},
		"wan": {},
	}
	m, _, _ := over(t, k, &spec.Machine{Ethernet: rows})
	err := m.Configure(t.Context(), "lan")
	if !errors.Is(err, errUnsupported) || err.Error() != "ip link set lan arp off: operation not supported" {
		t.Errorf("configuring lan: %v", err)
	}
	if err := m.Configure(t.Context(), "wan"); err != nil {
		t.Errorf("configuring wan: %v", err)
	}
	if err := m.Configure(t.Context(), "dmz"); err == nil {
		t.Error("a row that does not exist was configured")
	}
	want := "link 2 lan mtu 1500 up\n  addr 192.0.2.20/24\nlink 3 wan mtu 1500 up\n"
	state, _ := k.Observe()
	if got := (&fake{State: state}).String(); got != want {
		t.Errorf("the kernel has\n%swant\n%s", got, want)
	}
}

func TestNoWatch(t *testing.T) {
	m := New(t.Context(), &spec.Machine{Ethernet: map[string]spec.Ethernet{"lan": {}}}, newTold(t), nil)
	m.watch = func(context.Context) (<-chan struct{}, error) { return nil, errUnsupported }
	if err := m.Configure(t.Context(), "lan"); !errors.Is(err, errUnsupported) {
		t.Errorf("configuring without a watch: %v", err)
	}
}

func TestGatewayFact(t *testing.T) {
	dst4, dst6 := netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")
	a := func(s string) netip.Addr { return netip.MustParseAddr(s) }
	v := view{name: "lan", nic: &NIC{}, routes: []Route{
		{Dst: dst6, Via: a("fe80::1"), Metric: 1}, {Dst: dst4, Via: a("192.0.2.2"), Metric: 200}, {Dst: dst4, Via: a("192.0.2.1"), Metric: 100},
		{Dst: netip.MustParsePrefix("198.51.100.0/24"), Via: a("192.0.2.9")},
	}}
	facts := map[string]any{}
	for _, f := range v.facts() {
		facts[f.Name()] = f.Value()
	}
	if got := facts["link.lan.gateway"]; got != "192.0.2.1" {
		t.Errorf("gateway %v", got)
	}
	if got, want := len(facts), len((view{}).facts()); got != want {
		t.Errorf("%d facts with an interface, %d without: %v", got, want, facts)
	}
}
