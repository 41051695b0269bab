package features

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

var rewrite = flag.Bool("update", false, "rewrite the golden files")

// render is a graph as text, a line a unit, sorted: which feature a unit is of is nobody's business here.
func render(units []unit.Unit) string {
	slices.SortFunc(units, func(a, b unit.Unit) int { return strings.Compare(a.Name, b.Name) })
	var b strings.Builder
	for _, u := range units {
		fmt.Fprint(&b, u.Name)
		if len(u.Needs) > 0 {
			fmt.Fprint(&b, " needs ", strings.Join(u.Needs, " "))
		}
		if len(u.After) > 0 {
			fmt.Fprint(&b, " after ", strings.Join(u.After, " "))
		}
		if u.Timeout != 0 {
			fmt.Fprint(&b, " timeout ", u.Timeout)
		}
		if u.Soft {
			fmt.Fprint(&b, " soft")
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

func units(m *spec.Machine) []unit.Unit { return Units(&spec.Description{Machine: *m}) }

func TestUnits(t *testing.T) {
	m := &spec.Machine{
		Console:  map[string]spec.Console{"tty1": {}, "ttyS*": {}},
		Ethernet: map[string]spec.Ethernet{"lan": {Addressing: spec.Addressing{DHCP4: true}}, "wan": {Addressing: spec.Addressing{Optional: true}}},
		Mount: map[string]spec.Mount{
			"/srv": {Timeout: spec.Duration(time.Minute)}, "/srv/media/films": {NoFail: true}, "/tmp/x": {},
		},
		Service: map[string]spec.Service{
			"probe": {Needs: []string{"online:lan", "mount:/srv"}}, "log": {Needs: []string{"service:probe"}},
		},
	}
	m.Firewall = &spec.Firewall{Log: spec.PacketLog{Groups: []int{1}}, Flow: spec.Flow{Interfaces: []string{"lan"}}}
	m.SSH, m.Watchdog, m.Metrics = &spec.SSH{State: "/srv/media/state"}, &spec.Watchdog{}, &spec.Metrics{}
	defaults.Fill(m.SSH)
	m.Entropy.State, m.Time.State = "/srv/state", "/srv/media/films"
	m.Log = spec.Log{Remote: "udp://192.0.2.1:514", Spool: "/srv/log"}
	m.User = map[string]spec.User{"ann": {PasswordHash: spec.SecretHash{Source: spec.Source{File: "/srv/media/ann"}}, NTHash: spec.SecretNTHash{Source: spec.Source{FWCfg: "opt/ann"}}}}
	m.VM = map[string]spec.VM{
		"db":   {Autostart: true, Order: 1, Disk: map[string]spec.VMDisk{"root": {Path: "/srv/vm/db.img"}, "log": {Path: "/dev/vg0/log"}}},
		"web":  {Autostart: true, Order: 2, Needs: []string{"network"}, NIC: map[string]spec.VMNIC{"lan": {Bridge: "lan"}}, Kernel: "/srv/media/films/kernel"},
		"play": {Order: 1},
	}
	units := units(m)
	if problems := unit.Check(units); problems != nil {
		t.Errorf("Check: %v", problems)
	}
	const golden = "testdata/units.txt"
	got := render(units)
	if *rewrite {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("units (go test -update rewrites %s):\n%s\nwant:\n%s", golden, got, want)
	}
}

// Nothing that may be slow or broken stands before a prompt.
func TestConsolesWaitForNextToNothing(t *testing.T) {
	m := &spec.Machine{Console: map[string]spec.Console{"ttyS0": {}}, Ethernet: map[string]spec.Ethernet{"lan": {}}}
	units := units(m)
	byName := map[string]unit.Unit{}
	for _, u := range units {
		byName[u.Name] = u
	}
	var walk func(name string)
	walk = func(name string) {
		switch name {
		case "console:ttyS0", "hostname", "users":
		default:
			t.Errorf("a console waits for %s", name)
		}
		for _, need := range append(byName[name].Needs, byName[name].After...) {
			walk(need)
		}
	}
	walk("console:ttyS0")
}

func TestAnEmptyMachineBoots(t *testing.T) {
	if problems := unit.Check(units(&spec.Machine{})); problems != nil {
		t.Errorf("Check: %v", problems)
	}
}

// While a person holds the boot, that and nothing else starts which a menu takes, and a login.
func TestWhatStartsInABootThatIsHeld(t *testing.T) {
	ssh := &spec.SSH{}
	defaults.Fill(ssh)
	units := units(&spec.Machine{
		Console: map[string]spec.Console{"ttyS0": {}}, Ethernet: map[string]spec.Ethernet{"lan": {}}, Mount: map[string]spec.Mount{"/srv": {}},
		Service: map[string]spec.Service{"probe": {}}, Array: map[string]spec.Array{"data": {}}, VM: map[string]spec.VM{"web": {}},
		Site: &spec.Site{}, Watchdog: &spec.Watchdog{}, SSH: ssh, Firewall: &spec.Firewall{},
	})
	var got []string
	for _, u := range units {
		if u.Unheld {
			got = append(got, u.Name)
		}
	}
	slices.Sort(got)
	if want := []string{"coldplug", "console:ttyS0", "hostname", "modules", "mounts", "report", "site", "status", "users", "watchdog"}; !slices.Equal(got, want) {
		t.Errorf("%v start, want %v", got, want)
	}
}

// Where the owner may change something, that and nothing else waits for the medium.
func TestWhatWaitsForTheSite(t *testing.T) {
	for key, want := range map[spec.SiteKey][]string{
		spec.SiteHostname:       {"array:data", "hostname"},
		spec.SiteAddresses:      {"link:lan"},
		spec.SiteVLANs:          {"link:lan", "site-vlans"},
		spec.SiteWireGuard:      {"link:lan", "site-tunnels"},
		spec.SiteTimeServers:    {"time"},
		spec.SiteLogServer:      {"log"},
		spec.SiteAuthorizedKeys: {"users"},
		spec.SitePasswordHash:   {"users"},
	} {
		m := &spec.Machine{
			Console: map[string]spec.Console{"ttyS0": {}}, Ethernet: map[string]spec.Ethernet{"lan": {}},
			Array: map[string]spec.Array{"data": {}}, Mount: map[string]spec.Mount{"/srv": {}}, Site: &spec.Site{Allow: []spec.SiteKey{key}},
		}
		units := units(m)
		if problems := unit.Check(units); problems != nil {
			t.Errorf("%s: %v", key, problems)
		}
		var got []string
		for _, u := range units {
			if slices.Contains(u.After, "site") {
				got = append(got, u.Name)
			}
		}
		slices.Sort(got)
		want = append(want, "mount:/srv") // whatever it is, the medium is mounted for it
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v wait, want %v", key, got, want)
		}
	}
}
