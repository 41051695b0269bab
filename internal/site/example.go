package site

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Example is a site.toml in which every line is a comment: what the image allows, to be picked from.
// Prose has a blank after its #, keys don't.
func Example(m *spec.Machine) string {
	e := example{m: m}
	e.prose("What this box may be told without a new image. It is read at each boot, from the",
		"EFI system partition of the medium that the box starts from. Take the # off the lines",
		"that are to count. A mistake never stops the boot: the console then says what is wrong,",
		"and the image's own configuration is used.")
	if m.Allows(spec.SiteHostname) {
		e.keys("", fmt.Sprintf("hostname = %q", m.Hostname))
	}
	if m.Allows(spec.SiteTimeServers) {
		e.keys("time", "servers = "+list(m.Time.Servers, "192.0.2.1", "192.0.2.2", "192.0.2.3"))
	}
	if m.Allows(spec.SiteLogServer) {
		server := m.Log.Remote
		if server == "" {
			server = "tcp://192.0.2.1:601"
		}
		e.keys("log", fmt.Sprintf("remote = %q", server))
	}
	e.users()
	e.links()
	return e.String()
}

type example struct {
	strings.Builder
	m *spec.Machine
}

func (e *example) prose(lines ...string) {
	for _, l := range lines {
		fmt.Fprintln(e, "#", l)
	}
}

// keys writes a table; one without a name has to be the first.
func (e *example) keys(table string, lines ...string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintln(e)
	if table != "" {
		fmt.Fprintf(e, "#[%s]\n", table)
	}
	for _, l := range lines {
		fmt.Fprintln(e, "#"+l)
	}
}

func (e *example) users() {
	names := slices.Sorted(maps.Keys(e.m.User))
	if !slices.Contains(names, "root") {
		names = append([]string{"root"}, names...)
	}
	for _, name := range names {
		var lines []string
		if e.m.Allows(spec.SiteAuthorizedKeys) {
			lines = append(lines, `authorized_keys = ["`+exampleKey+`"]`)
		}
		if e.m.Allows(spec.SitePasswordHash) {
			lines = append(lines, `password_hash = "`+exampleHash+`" # as "openssl passwd -6" prints it`)
		}
		e.keys(problem.JoinKey("user", name), lines...)
	}
}

// What stands for a key and a hash in the example is neither, so that who forgets to put his own is told.
const (
	exampleKey  = "ssh-ed25519 AAAA… me@laptop"
	exampleHash = "$6$salt$hash"
)

// links shows the rows that can have addresses, with those that they have.
func (e *example) links() {
	all := e.m.Links()
	host, parent := 20, ""
	for _, name := range slices.Sorted(maps.Keys(all)) {
		l := all[name]
		if parent == "" && l.Master == "" && l.Kind != "dummy" && l.Kind != "vlan" {
			parent = name
		}
		var lines []string
		if l.Kind == "vlan" && e.m.Allows(spec.SiteVLANs) {
			v := e.m.VLAN[name]
			lines = append(lines, fmt.Sprintf("parent = %q", v.Parent), fmt.Sprintf("id = %d", v.ID))
		}
		if e.m.Allows(spec.SiteAddresses) && l.Master == "" && !l.NoAddress {
			lines = append(lines, addresses(l.Addressing, host)...)
			host++
		}
		e.keys(problem.JoinKey(l.Kind, name), lines...)
	}
	if e.m.Allows(spec.SiteVLANs) && parent != "" {
		e.keys(problem.JoinKey("vlan", unused(all)), fmt.Sprintf("parent = %q", parent), "id = 4000", "dhcp4 = true")
	}
}

// unused is a name that no interface has.
func unused(all map[string]spec.Link) string {
	for name := "site"; ; name += "x" {
		if _, taken := all[name]; !taken {
			return name
		}
	}
}

func addresses(a spec.Addressing, host int) []string {
	lines := []string{"dhcp4 = false"}
	if len(a.Addresses) > 0 {
		lines = append(lines, "addresses = "+list(a.Addresses), "gateways = "+list(a.Gateways))
	} else {
		own := netip.AddrFrom4([4]byte{192, 0, 2, byte(host)})
		lines = append(lines, fmt.Sprintf("addresses = [\"%s/24\"]", own), `gateways = ["192.0.2.1"]`)
	}
	return append(lines, "dns = "+list(a.DNS, netip.MustParseAddr("192.0.2.1")))
}

// list writes values as TOML; otherwise stands for none.
func list[T any](values []T, otherwise ...T) string {
	if len(values) == 0 {
		values = otherwise
	}
	var words []string
	for _, v := range values {
		words = append(words, fmt.Sprintf("%q", fmt.Sprint(v)))
	}
	return "[" + strings.Join(words, ", ") + "]"
}
