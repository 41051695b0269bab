package limits

import (
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/mount"
)

// Who could fill the box's memory with files: those who may log in, and root, who may.
func TestServesPeople(t *testing.T) {
	keys := spec.User{AuthorizedKeys: []string{"ssh-ed25519 AAAA"}}
	for name, tt := range map[string]struct {
		machine spec.Machine
		want    bool
	}{
		"nobody":                 {spec.Machine{}, false},
		"root":                   {spec.Machine{User: map[string]spec.User{"root": keys}}, false},
		"a service's account":    {spec.Machine{User: map[string]spec.User{"dnsmasq": {Home: "/var/lib/dnsmasq"}}}, false},
		"an account for SMB":     {spec.Machine{User: map[string]spec.User{"ann": {NTHash: spec.SecretNTHash{Value: "0"}}}}, false},
		"a key":                  {spec.Machine{User: map[string]spec.User{"ann": keys}}, true},
		"a password":             {spec.Machine{User: map[string]spec.User{"ann": {PasswordHash: spec.SecretHash{Value: "$6$"}}}}, true},
		"a key by the site":      {spec.Machine{User: map[string]spec.User{"ann": {}}, Site: &spec.Site{Allow: []spec.SiteKey{spec.SiteAuthorizedKeys}}}, true},
		"a hostname by the site": {spec.Machine{User: map[string]spec.User{"ann": {}}, Site: &spec.Site{Allow: []spec.SiteKey{spec.SiteHostname}}}, false},
	} {
		if got := servesPeople(&tt.machine); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestSystemMountsHaveSizes(t *testing.T) {
	options := func(m spec.Machine, s cgroup.Shares) map[string]string {
		all := map[string]string{}
		for _, fs := range systemMounts(&m, s) {
			all[fs.Target] = fs.Data
		}
		return all
	}
	sized := options(spec.Machine{}, cgroup.Shares{Tmp: 8 << 20, Shm: 4 << 20})
	if sized["/tmp"] != "mode=1777,size=8388608,nr_inodes=2048" || sized["/dev/shm"] != "mode=1777,size=4194304,nr_inodes=1024" {
		t.Errorf("%v", sized)
	}
	if usual := options(spec.Machine{}, cgroup.Shares{}); usual["/tmp"] != "mode=1777" {
		t.Errorf("%v", usual)
	}
	rows := map[string]spec.Mount{"/tmp": {Source: "tmpfs"}, "/run": {Source: "tmpfs"}}
	if own := systemMounts(&spec.Machine{Mount: rows}, cgroup.Shares{}); slices.ContainsFunc(own, func(fs mount.FileSystem) bool { return fs.Target == "/tmp" }) ||
		!slices.ContainsFunc(own, func(fs mount.FileSystem) bool { return fs.Target == "/run" }) {
		t.Errorf("the profile's own /tmp, and uinit's /run: %v", own)
	}
}
