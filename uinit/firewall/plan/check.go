package plan

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// check holds the packet filter's table to what can be said without reading its rules.
func check(j problem.Judge, m *spec.Machine) {
	f := m.Firewall
	if f == nil {
		return
	}
	if !path.IsAbs(f.Rules) || path.Clean(f.Rules) != f.Rules {
		j.Bad("firewall.rules", "%q is not a path in the image; accepted: an absolute one, such as /etc/nftables.nft", f.Rules)
	}
	all := m.Links()
	links := slices.Sorted(maps.Keys(all))
	for i, name := range f.Management.Interfaces {
		if l := all[name]; l.Kind == "dummy" || l.NoAddress || l.Master != "" {
			j.Of(spec.LinkTables...).Bad(problem.JoinIndex("firewall.management.interfaces", i), "nobody reaches this machine by %s: it is a dummy, a port of another or without an address; accepted: an interface with addresses", name)
		}
		if !slices.Contains(links, name) {
			j.Ref(name, spec.LinkTables...).Bad(problem.JoinIndex("firewall.management.interfaces", i), "there is no interface %q%s", name, suggest.DidYouMean(name, links))
		}
	}
	if words := strings.Fields(f.Flow.Table); len(f.Flow.Interfaces) > 0 && len(words) != 3 || len(words) != 0 && strings.Trim(f.Flow.Table, flowNames) != "" {
		j.Of("firewall.flow.interfaces").Bad("firewall.flow.table", `%q is no flow table; accepted: its family, table and name, such as "inet filter fast"`, f.Flow.Table)
	}
	if len(f.Flow.Interfaces) == 0 {
		j.Of("firewall.flow.interfaces").Vain("firewall.flow", []string{"table"}, "is what interfaces join, and none does; accepted: with firewall.flow.interfaces")
	}
	for i, name := range f.Flow.Interfaces {
		if !slices.Contains(links, name) {
			j.Ref(name, spec.LinkTables...).Bad(problem.JoinIndex("firewall.flow.interfaces", i), "there is no interface %q%s", name, suggest.DidYouMean(name, links))
		}
	}
	for i, port := range f.Management.TCP {
		if port < 1 || port > 65535 {
			j.Bad(problem.JoinIndex("firewall.management.tcp", i), "is %d; accepted: 1 to 65535", port)
		}
	}
	if way := f.Management; len(way.Interfaces) > 0 && len(way.TCP) > 0 && m.SSH != nil && !slices.Contains(way.TCP, m.SSH.Port) {
		j.Of("ssh").Warn("firewall.management.tcp", "does not have %d, the port of the SSH server: while rules fail nobody could log in by it; accepted: that port as well, or no tcp", m.SSH.Port)
	}
	switch way := f.Management; {
	case len(way.Interfaces) == 0 && len(way.TCP)+len(way.From) > 0:
		j.Bad("firewall.management", `opens ports on no interface; accepted: interfaces = ["NAME"] as well`)
	case len(way.Interfaces) > 0 && len(m.ManagementPorts()) == 0:
		j.Rows("ssh").Of("firewall.management.tcp").Bad("firewall.management.interfaces", "opens nothing: there is no [ssh]; accepted: tcp = [PORT] as well")
	}
}

// flowNames are the characters of nft's names, and the blank between them.
const flowNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ "
