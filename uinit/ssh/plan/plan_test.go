package plan

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestService(t *testing.T) {
	for _, tt := range []struct {
		c     spec.SSH
		users map[string]spec.User
		want  string
	}{
		{spec.SSH{}, map[string]spec.User{"ann": {}}, "/bin/sshd -key /run/ssh/ssh_host_ed25519_key -listen :22 -grace 20s -pending 100 -groups /sys/fs/cgroup"},
		{spec.SSH{}, map[string]spec.User{"up": {SFTPOnly: "/srv/up"}, "ann": {}, "down": {SFTPOnly: "/srv/a b"}},
			"/bin/sshd -key /run/ssh/ssh_host_ed25519_key -listen :22 -grace 20s -pending 100 -sftp-only down=/srv/a b -sftp-only up=/srv/up -groups /sys/fs/cgroup"},
		{spec.SSH{Port: 2222, Password: true, State: "/srv/state", LoginGrace: spec.Duration(time.Minute), MaxPending: 3, ReservedFrom: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
			Listen: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}}, nil,
			"/bin/sshd -key /srv/state/ssh_host_ed25519_key -listen 192.0.2.1:2222 -listen [2001:db8::1]:2222 -grace 1m0s -pending 3 -reserved 198.51.100.0/24 -without-root -password -groups /sys/fs/cgroup"},
	} {
		defaults.Fill(&tt.c)
		*tt.c.Root = !strings.Contains(tt.want, "-without-root")
		cfg := service(tt.c, tt.users)
		if got := strings.Join(cfg.Command, " "); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
		if !slices.Equal(cfg.Needs, []string{"ssh-key"}) || cfg.Restart != spec.RestartAlways {
			t.Errorf("row %+v", cfg)
		}
	}
}

// A key that the profile names is waited for, and taken from where it is copied to.
func TestNamedKey(t *testing.T) {
	c := spec.SSH{State: "/state/ssh", HostKeyFile: spec.Source{File: "/state/key"}}
	units := Units(&spec.Description{Machine: spec.Machine{SSH: &c, Mount: map[string]spec.Mount{"/state": {}}}})
	if KeyFile(c) != spec.SSHHostKey || len(units) != 1 || !slices.Equal(units[0].After, []string{"secret:ssh.host_key_file"}) {
		t.Errorf("%s, %+v", KeyFile(c), units)
	}
}
