package site

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	sitetoml "github.com/imgbuild/imgbuild/internal/site"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/netcmdline"
)

// Files that the image made itself get the new name; those of an overlay stay.
func TestNameHost(t *testing.T) {
	const own = "127.0.0.1 mine\n"
	for _, c := range []struct{ hosts, want string }{
		{spec.Hosts("box.example.net"), "127.0.0.1 localhost\n::1 localhost ip6-localhost\n127.0.1.1 box7\n"},
		{own, own},
	} {
		etc := t.TempDir()
		for name, text := range map[string]string{"hosts": c.hosts, "hostname": "box.example.net\n"} {
			if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := nameHost(etc, "box.example.net", "box7"); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"hosts": c.want, "hostname": "box7\n"} {
			if got, err := os.ReadFile(filepath.Join(etc, name)); string(got) != want {
				t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
			}
		}
	}
	if err := nameHost(t.TempDir(), "a", "b"); err != nil {
		t.Errorf("without files: %v", err)
	}
}

// Whoever reads the machine while its owner changes it sees it as it was or as it is to be, as a whole, and never without
// what the kernel line says. (With -race: nobody writes into what others may be reading.)
func TestReadersWhileTheOwnerChangesTheMachine(t *testing.T) {
	pfx := netip.MustParsePrefix
	line := cmdline.Parse("ip=192.0.2.9:::255.255.255.0::lan:none")
	image := &spec.Description{Machine: spec.Machine{
		Hostname: "old", Site: &spec.Site{Allow: []spec.SiteKey{spec.SiteHostname, spec.SiteAddresses, spec.SiteVLANs}},
		Ethernet: map[string]spec.Ethernet{"lan": {Addressing: spec.Addressing{DHCP4: true}}},
	}}
	for range 50 {
		d := featuretest.Deps(t, spec.Machine{})
		d.Machine = feature.NewMachine(image, line)
		netcmdline.Publish(d, image.Machine)
		wanted, problems := sitetoml.Read(sitetoml.Name, []byte(`hostname = "new"
[ethernet.lan]
addresses = ["198.51.100.7/24"]
dhcp4 = false
[vlan."lan.7"]
parent = "lan"
id = 7
addresses = ["203.0.113.7/24"]
`), d.Machine.Now())
		if wanted == nil {
			t.Fatal(problems)
		}
		var reading, done sync.WaitGroup
		over := make(chan struct{})
		reading.Add(1)
		done.Go(func() {
			for first := true; ; first = false {
				m := d.Machine.Now()
				if got := m.Ethernet["lan"].Addresses; !slices.Equal(got, []netip.Prefix{pfx("192.0.2.9/24")}) {
					t.Errorf("lan has the addresses %v, and the kernel line says another one", got)
				}
				if _, added := m.VLAN["lan.7"]; added != (m.Hostname == "new") || len(m.Links()) != 1+len(m.VLAN) {
					t.Errorf("the machine is called %s, its VLANs are %v", m.Hostname, m.VLAN)
				}
				if first {
					reading.Done()
				}
				select {
				case <-over:
					return
				default:
				}
			}
		})
		reading.Wait()
		if err := (owner{d, t.TempDir()}).use(wanted); err != nil {
			t.Error(err)
		}
		close(over)
		done.Wait()
		if m := d.Machine.Now(); m.Hostname != "new" || m.VLAN["lan.7"].ID != 7 {
			t.Errorf("the machine became %+v", m)
		}
		if image.Hostname != "old" || image.VLAN != nil || !image.Ethernet["lan"].DHCP4 {
			t.Fatalf("the image's machine became %+v", image.Machine)
		}
	}
}

// Every change of the file arrives where its readers look.
func TestWhatTheOwnerWantsArrives(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"hosts": spec.Hosts("old"), "hostname": "old\n", "shadow": "root:!:20000::::::\nann:!:20000::::::\n",
		"passwd": "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n",
	} {
		if err := os.MkdirAll(filepath.Join(root, "etc"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "etc", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const keyA, keyB = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHSPkXHyVvTeGqLzSKYF0xJ0HQ3mIOVBDhw2dCqWz1r a", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHSPkXHyVvTeGqLzSKYF0xJ0HQ3mIOVBDhw2dCqWz1r b"
	d := featuretest.Deps(t, spec.Machine{
		Hostname: "old", User: map[string]spec.User{"root": {}, "ann": {AuthorizedKeys: []string{keyA}}},
		Time: spec.Time{Servers: []spec.TimeServer{"192.0.2.1"}}, Log: spec.Log{Remote: "udp://192.0.2.2:514"},
	})
	if err := os.MkdirAll(filepath.Join(root, "home/ann"), 0o755); err != nil {
		t.Fatal(err)
	}
	wanted := *d.Machine.Now()
	const hash = "$6$saltsalt$abcdefghijklmnop"
	wanted.Hostname = "new"
	wanted.User = map[string]spec.User{"root": {PasswordHash: hash}, "ann": {AuthorizedKeys: []string{keyB}}}
	wanted.Time.Servers, wanted.Log.Remote = []spec.TimeServer{"192.0.2.8"}, "udp://192.0.2.9:514"
	if err := (owner{d, root}).use(&wanted); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"etc/hostname": "new\n", "etc/hosts": spec.Hosts("new"), "etc/shadow": "root:" + hash + ":", "home/ann/.ssh/authorized_keys": keyB + "\n",
	} {
		if got, err := os.ReadFile(filepath.Join(root, name)); err != nil || !strings.HasPrefix(string(got), want) {
			t.Errorf("%s is %q, %v; want %q", name, got, err, want)
		}
	}
	m := d.Machine.Now()
	if m.Hostname != "new" || m.Time.Servers[0] != "192.0.2.8" || m.Log.Remote != "udp://192.0.2.9:514" || m.User["root"].PasswordHash != hash {
		t.Errorf("the machine became %+v", m)
	}
}
