package crosscheck_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/crosscheck"
	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// What lets somebody in to a real box: not a password of a virtual machine's host, nor what nobody has written into site.toml yet.
func TestLockedOut(t *testing.T) {
	const hash, key = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL ada"
	asks := map[string]spec.Console{"tty1": {Login: spec.LoginPassword}}
	ssh := func() *spec.SSH {
		s := &spec.SSH{}
		defaults.Fill(s)
		return s
	}
	lan := map[string]spec.Ethernet{"lan": {Addressing: spec.Addressing{DHCP4: true}}}
	root := func(u spec.User) map[string]spec.User {
		defaults.Fill(&u)
		return map[string]spec.User{"root": u}
	}
	for name, tt := range map[string]struct {
		machine spec.Machine
		line    []string
		why     string
	}{
		"a host's password":       {spec.Machine{Console: asks, Access: spec.Access{HostPassword: true}}, nil, "root's password comes from the host of a virtual machine, and a real one has none; there is no SSH server"},
		"a host's hash":           {spec.Machine{Console: asks, User: root(spec.User{PasswordHash: spec.SecretHash{Source: spec.Source{FWCfg: "opt/x"}}})}, nil, "no account has a password"},
		"site.toml may say":       {spec.Machine{Console: asks, SSH: ssh(), Ethernet: lan, Site: &spec.Site{Allow: []spec.SiteKey{spec.SitePasswordHash, spec.SiteAuthorizedKeys}}}, nil, "no account has a key for SSH"},
		"a key and no network":    {spec.Machine{Console: asks, SSH: ssh(), User: root(spec.User{AuthorizedKeys: []string{key}})}, nil, "SSH has no interface"},
		"a hash and no console":   {spec.Machine{User: root(spec.User{PasswordHash: spec.SecretHash{Value: hash}})}, nil, "no console opens"},
		"a hash":                  {spec.Machine{Console: asks, User: root(spec.User{PasswordHash: spec.SecretHash{Value: hash}})}, nil, ""},
		"a hash on state":         {spec.Machine{Console: asks, User: root(spec.User{PasswordHash: spec.SecretHash{Source: spec.Source{File: "/state/hash"}}})}, nil, ""},
		"a shell":                 {spec.Machine{Console: map[string]spec.Console{"ttyS*": {Login: spec.LoginAutologin}}}, nil, ""},
		"a key":                   {spec.Machine{SSH: ssh(), Ethernet: lan, User: root(spec.User{AuthorizedKeys: []string{key}})}, nil, ""},
		"a key and ip= on a line": {spec.Machine{SSH: ssh(), User: root(spec.User{AuthorizedKeys: []string{key}})}, []string{"ip=dhcp"}, ""},
		"a key, heard by nobody":  {spec.Machine{SSH: &spec.SSH{Listen: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Root: new(bool)}, Ethernet: lan, User: root(spec.User{AuthorizedKeys: []string{key}})}, nil, "no account has a key for SSH"},
		"nobody is meant to":      {spec.Machine{Console: asks, Access: spec.Access{Nobody: true}}, nil, ""},
	} {
		got := crosscheck.LockedOut(&tt.machine, tt.line)
		if (got == "") != (tt.why == "") || !strings.Contains(got, tt.why) {
			t.Errorf("%s: %q, want %q", name, got, tt.why)
		}
	}
}
