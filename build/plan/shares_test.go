package plan

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestExports(t *testing.T) {
	client := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	rows := map[string]spec.NFSShare{
		"b": {Path: "/srv/b", Clients: client[:1], ReadOnly: true, Squash: spec.SquashAll},
		"a": {Path: "/srv/with blank", Clients: client, Squash: spec.SquashRoot},
		"c": {Path: "/srv/c", Clients: client[:1], Squash: spec.SquashNone},
	}
	lines := strings.Split(exports(rows), "\n")
	for i, want := range []string{
		`"/srv/with blank" 192.0.2.0/24(rw,sync,no_subtree_check,fsid=ID,root_squash) 2001:db8::/32(rw,sync,no_subtree_check,fsid=ID,root_squash)`,
		`"/srv/b" 192.0.2.0/24(ro,sync,no_subtree_check,fsid=ID,all_squash)`,
		`"/srv/c" 192.0.2.0/24(rw,sync,no_subtree_check,fsid=ID,no_root_squash)`,
		``,
	} {
		got := lines[i]
		if _, rest, ok := strings.Cut(got, "fsid="); ok {
			got = strings.ReplaceAll(got, rest[:36], "ID")
		}
		if got != want {
			t.Errorf("line %d is\n%s, want\n%s", i+1, got, want)
		}
	}
	if n := strings.Count(exports(rows), "fsid="); n != 4 {
		t.Errorf("%d numbers of file systems, want one a client", n)
	}
}

func TestSMB(t *testing.T) {
	conf := smbConf(map[string]spec.SMBShare{
		"films": {Path: "/srv/films", Users: []string{"anna", "ben"}, ReadOnly: true, Hidden: true, Clients: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}},
	})
	if _, section, _ := strings.Cut(conf, "\n[films]\n"); section != "path = /srv/films\nvalid users = anna ben\nread only = yes\nbrowseable = no\nhosts allow = 192.0.2.0/24\n" {
		t.Errorf("the section is\n%s", section)
	}
	uid := uint32(1234)
	got := smbPasswd(map[string]spec.User{"anna": {NTHash: spec.SecretNTHash{Value: "8846F7EAEE8FB117AD06BDD830B7586C"}, UID: &uid}, "ben": {}})
	if want := "anna:1234:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:8846F7EAEE8FB117AD06BDD830B7586C:[U          ]:LCT-00000001:\n"; got != want {
		t.Errorf("smbpasswd is %q, want %q", got, want)
	}
}
