package plan

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

var update = flag.Bool("update", false, "write the golden files anew")

// load reads a profile of the test's own.
func load(t *testing.T, text string) *profile.Profile {
	t.Helper()
	p, _, err := profile.Load("box.toml", func(string, *profile.File) (profile.File, error) {
		return profile.File{Name: "box.toml", Dir: "/p", Text: []byte(text)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// inputs is a small world: three modules, one package, two programs.
func inputs(t *testing.T) Inputs {
	t.Helper()
	made := kmod.Index{Release: "6.1.0-9-test", Dir: "lib/modules/6.1.0-9-test", Modules: []kmod.Module{
		{Name: "virtio_net", Path: "kernel/drivers/net/virtio_net.ko", Size: 300, Depends: []string{"net_failover"}},
		{Name: "net_failover", Path: "kernel/drivers/net/net_failover.ko", Size: 100},
		{Name: "ext4", Path: "kernel/fs/ext4/ext4.ko", Size: 900, Names: []string{"fs-ext4"}},
	}}
	text, err := made.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	index := new(kmod.Index)
	if err := index.UnmarshalText(text); err != nil {
		t.Fatal(err)
	}
	return Inputs{
		Kernel:  tree.File{Size: 8000, From: tree.Source{Store: "package", Name: "linux-image", Path: "/boot/vmlinuz-6.1.0-9-test", SHA256: "k"}},
		Modules: index,
		ModuleFile: func(m *kmod.Module) (tree.File, error) {
			return tree.File{From: tree.Source{Store: "package", Name: "linux-image", Path: m.Path, SHA256: m.Name}}, nil
		},
		Packages: []tree.File{
			{Path: "sbin/nft", Mode: 0o755, Size: 50, From: tree.Source{Store: "package", Name: "nftables", Path: "/sbin/nft", SHA256: "n"}, Why: "packages.nftables"},
			{Path: "lib/x86_64-linux-gnu/libc.so.6", Mode: 0o755, Size: 70, From: tree.Source{Store: "package", Name: "libc6", Path: "/lib/x86_64-linux-gnu/libc.so.6", SHA256: "c"}, Why: "needed by /sbin/nft"},
		},
		Uinit:    tree.File{Size: 5000, From: tree.Source{Store: "go", Name: "uinit", SHA256: "u"}},
		Busybox:  tree.File{Size: 9000, From: tree.Source{Store: "go", Name: "busybox", SHA256: "b"}},
		Commands: []Command{{Name: "cat", Program: BusyboxName}, {Name: "ls", Program: BusyboxName}, {Name: "sh", Program: BusyboxName}},
	}
}

const box = `
summary = "A \"box\""
[kernel]
package = "linux-image-amd64"
cmdline = ["console=ttyS0,115200", "quiet"]
modules = ["virtio-net"]
[console.ttyS0]
[user.root]
password_hash = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"
[user.eve]
authorized_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL eve"]
[user.bob]
uid = 1000
[mount."/srv"]
source = "LABEL=data"
type = "ext4"
`

func TestGoldenPlan(t *testing.T) {
	in := inputs(t)
	in.Overlays = []Overlay{{Name: "site", Files: []tree.File{
		{Path: "etc/motd", Mode: 0o644, Size: 3, From: tree.Source{Store: "overlay", Name: "site", Path: "etc/motd", SHA256: "m"}, Why: "overlay site"},
		{Path: "bin/probe", Mode: 0o755, Size: 4, From: tree.Source{Store: "overlay", Name: "site", Path: "bin/probe", SHA256: "p"}, Why: "overlay site"},
	}}}
	p, err := Make(load(t, box), in)
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "box.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(p.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.String(); got != string(want) {
		t.Errorf("the plan changed (go test ./build/plan -update accepts it):\n%s", got)
	}
}

// Every segment is an archive of its own: directories come before what is in them,
// and no file is in two.
func TestSegmentsAreWhole(t *testing.T) {
	p, err := Make(load(t, box), inputs(t))
	if err != nil {
		t.Fatal(err)
	}
	home := map[string]string{}
	for _, s := range p.Segments {
		dirs := map[string]bool{".": true}
		for _, f := range s.Files {
			if !dirs[filepath.Dir(f.Path)] {
				t.Errorf("segment %s: %s comes before its directory", s.Name, f.Path)
			}
			if f.Mode.IsDir() {
				dirs[f.Path] = true
				continue
			}
			if other, twice := home[f.Path]; twice {
				t.Errorf("%s is in %s and in %s", f.Path, other, s.Name)
			}
			home[f.Path] = s.Name
		}
	}
	for _, f := range p.Files {
		if !f.Mode.IsDir() && home[f.Path] == "" {
			t.Errorf("%s is in no segment", f.Path)
		}
	}
	if home["init"] != "uinit" || home["usr/bin/bb"] != "commands" || home["etc/shadow"] != "config" || home["usr/sbin/nft"] != "packages" {
		t.Errorf("files are in the wrong segments: %v", home)
	}
}

// Only the configuration may change when the profile's text does: that is
// what makes a rebuild quick.
func TestProfileTouchesConfigOnly(t *testing.T) {
	a, err := Make(load(t, box), inputs(t))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Make(load(t, strings.Replace(box, "LABEL=data", "LABEL=other", 1)), inputs(t))
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.Segments {
		same := slices.EqualFunc(a.Segments[i].Files, b.Segments[i].Files, func(x, y tree.File) bool {
			return x.Path == y.Path && string(x.Body) == string(y.Body) && x.From == y.From
		})
		if stable := a.Segments[i].Stable; same != stable {
			t.Errorf("segment %s: same %v, stable %v", a.Segments[i].Name, same, stable)
		}
	}
}

func TestUnknownModuleIsNamed(t *testing.T) {
	_, err := Make(load(t, strings.Replace(box, "virtio-net", "virtio-nett", 1)), inputs(t))
	var missing *kmod.NoModuleError
	if !errors.As(err, &missing) || missing.Suggest != "virtio_net" {
		t.Errorf("got %v", err)
	}
}

// GRUB's password is no business of the machine's: who reads its description could guess at it.
func TestHashOfGRUBStaysOutside(t *testing.T) {
	const hash = "grub.pbkdf2.sha512.10000.0102030405060708.000102030405060708090A0B0C0D0E0F"
	p, err := Make(load(t, box+"[boot]\nstop_timeout = \"7s\"\npassword_hash = \""+hash+"\"\n"), inputs(t))
	if err != nil {
		t.Fatal(err)
	}
	described := false
	for _, f := range p.Files {
		if strings.Contains(string(f.Body), hash) {
			t.Errorf("%s holds it", f.Path)
		}
		described = described || "/"+f.Path == spec.Path && strings.Contains(string(f.Body), `"7s"`)
	}
	if !described {
		t.Error("the rest of the table is not in the description")
	}
}
