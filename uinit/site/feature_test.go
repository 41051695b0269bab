package site

import (
	"net/netip"
	"slices"
	"sync"
	"testing"

	sitetoml "github.com/imgbuild/imgbuild/internal/site"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/netcmdline/publish"
)

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
		publish.Machine(d, image.Machine)
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
		publish.Machine(d, *wanted)
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
