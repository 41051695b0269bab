package firewall

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestManagement(t *testing.T) {
	prefixes := func(s ...string) (p []netip.Prefix) {
		for _, text := range s {
			p = append(p, netip.MustParsePrefix(text))
		}
		return p
	}
	for _, tc := range []struct {
		name string
		m    spec.Management
		ssh  *spec.SSH
		want []string
	}{
		{"nothing", spec.Management{}, &spec.SSH{Port: 22}, nil},
		{"the port of SSH", spec.Management{Interfaces: []string{"mgmt"}}, &spec.SSH{Port: 2222},
			[]string{`iifname { "mgmt" } tcp dport { 2222 } accept`}},
		{"ports of its own", spec.Management{Interfaces: []string{"a", "br0.7"}, TCP: []int{22, 443}}, &spec.SSH{Port: 2222},
			[]string{`iifname { "a", "br0.7" } tcp dport { 22, 443 } accept`}},
		{"no port at all", spec.Management{Interfaces: []string{"a"}}, nil, nil},
		{"networks of both families", spec.Management{Interfaces: []string{"a"}, TCP: []int{22}, From: prefixes("192.0.2.7/24", "2001:db8::1/64", "198.51.100.0/25")}, nil,
			[]string{`iifname { "a" } ip saddr { 192.0.2.0/24, 198.51.100.0/25 } tcp dport { 22 } accept`,
				`iifname { "a" } ip6 saddr { 2001:db8::/64 } tcp dport { 22 } accept`}},
	} {
		m := &spec.Machine{SSH: tc.ssh, Firewall: &spec.Firewall{Management: tc.m}}
		if got := management(m); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// Nothing is bridged either, where there are bridges; a machine without them may lack the modules.
func TestFallbackDropsBridged(t *testing.T) {
	for bridges, want := range []int{2, 3} {
		m := &spec.Machine{Firewall: &spec.Firewall{}, Bridge: map[string]spec.Bridge{}}
		if bridges > 0 {
			m.Bridge["br0"] = spec.Bridge{}
		}
		if got := strings.Count(Fallback(m), "policy drop;"); got != want {
			t.Errorf("%d bridges: %d chains that drop, want %d", bridges, got, want)
		}
	}
}

type fake struct {
	file, text error
	loaded     []string
}

func (f *fake) File(_ context.Context, path string) error {
	if f.file == nil {
		f.loaded = append(f.loaded, path)
	}
	return f.file
}

func (f *fake) Text(_ context.Context, rules string) error {
	if f.text == nil {
		f.loaded = append(f.loaded, rules)
	}
	return f.text
}

func TestLoad(t *testing.T) {
	m := &spec.Machine{Firewall: &spec.Firewall{Rules: "/etc/nftables.nft"}}
	wrong, broken := errors.New("wrong"), errors.New("broken")
	for _, tc := range []struct {
		name  string
		nft   fake
		state State
		errs  []error
		want  []string
	}{
		{"rules", fake{}, Loaded, nil, []string{"/etc/nftables.nft"}},
		{"wrong rules", fake{file: wrong}, FellBack, []error{wrong}, []string{Fallback(m)}},
		{"no nft", fake{file: wrong, text: broken}, None, []error{wrong, broken}, nil},
	} {
		state, err := Load(t.Context(), &tc.nft, m)
		if state != tc.state || !slices.Equal(tc.nft.loaded, tc.want) || (err == nil) != (tc.errs == nil) {
			t.Errorf("%s: %s, %v, loaded %q", tc.name, state, err, tc.nft.loaded)
		}
		for _, want := range tc.errs {
			if !errors.Is(err, want) {
				t.Errorf("%s: %v does not tell %v", tc.name, err, want)
			}
		}
	}
}

func TestRulesError(t *testing.T) {
	e := &RulesError{Output: "/etc/nftables.nft:3:9-11: Error: syntax error, unexpected fwd\n  chain fwd\n        ^^^\n/etc/nftables.nft:4:1-1: Error: syntax error\n"}
	if got, want := e.Error(), "/etc/nftables.nft:3:9-11: Error: syntax error, unexpected fwd (and 1 more)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestHarden(t *testing.T) {
	dir := t.TempDir()
	file := func(name, setting string) string { return filepath.Join(dir, "ipv4/conf", name, setting) }
	for _, name := range []string{"default", "all", "eth0"} {
		if err := os.MkdirAll(filepath.Dir(file(name, "")+"/x"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, s := range Settings(&spec.Firewall{}) {
			if err := os.WriteFile(file(name, s.Name), []byte("9"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Below is no ipv6: the kernel was started without.
	if err := Harden(dir, Settings(&spec.Firewall{ReversePath: "loose"})); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"default", "all", "eth0"} {
		for setting, want := range map[string]string{"rp_filter": "2\n", "accept_redirects": "0\n", "send_redirects": "0\n"} {
			if got, _ := os.ReadFile(file(name, setting)); string(got) != want {
				t.Errorf("%s of %s is %q, want %q", setting, name, got, want)
			}
		}
	}
}

func TestModules(t *testing.T) {
	got := Modules("# masquerade\ntable bridge b {\n\tchain c { ct state new;log group 1 } # fib\n\tct state invalid drop }")
	if want := []string{"nf_tables", "nf_conntrack_bridge", "nft_ct", "nft_log", "nfnetlink_log"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Packets that name their own way, and those who would send others another way, are not believed, on any interface and in either family.
func TestSettings(t *testing.T) {
	for _, way := range []struct {
		mode  spec.ReversePath
		value string
	}{{"off", "0"}, {"strict", "1"}, {"loose", "2"}} {
		want := []Setting{{"ipv4", "rp_filter", way.value}, {"ipv4", "accept_source_route", "0"}, {"ipv4", "accept_redirects", "0"}, {"ipv4", "secure_redirects", "0"}, {"ipv4", "send_redirects", "0"},
			{"ipv4", "arp_ignore", "1"}, {"ipv4", "arp_announce", "2"}, {"ipv6", "accept_source_route", "0"}, {"ipv6", "accept_redirects", "0"}}
		if got := Settings(&spec.Firewall{ReversePath: way.mode}); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", way.mode, got, want)
		}
	}
	// What the kernel does not take is told, and the others are set.
	dir := t.TempDir()
	for _, name := range []string{"ipv4/conf/all/accept_redirects", "ipv4/conf/default/x", "ipv6/conf/lan/x"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err := Harden(dir, Settings(&spec.Firewall{ReversePath: "strict"}))
	if err == nil || !strings.Contains(err.Error(), "setting accept_redirects of all interfaces: ") || strings.Contains(err.Error(), "accept_source_route") {
		t.Errorf("%v", err)
	}
	for name, want := range map[string]string{"ipv4/conf/default/accept_source_route": "0\n", "ipv4/conf/all/arp_announce": "2\n", "ipv6/conf/lan/accept_source_route": "0\n"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); string(got) != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
}
