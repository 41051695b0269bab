package features

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	metrics "github.com/imgbuild/imgbuild/uinit/metrics/plan"
)

// declaration is a composite literal of a fact in the init's sources.
type declaration struct{ kind, pattern, dir string }

// declarations are all of them but those in tests.
func declarations(t *testing.T) (all []declaration) {
	t.Helper()
	err := filepath.WalkDir("../../uinit", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if d, ok := declared(n); ok {
				d.dir = filepath.Dir(name)
				all = append(all, d)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// declared reads fact.Each[bool]{Pattern: "link.NAME.carrier"}.
func declared(n ast.Node) (d declaration, ok bool) {
	literal, ok := n.(*ast.CompositeLit)
	if !ok {
		return d, false
	}
	generic, ok := literal.Type.(*ast.IndexExpr)
	if !ok {
		return d, false
	}
	kind, ok := generic.X.(*ast.SelectorExpr)
	if !ok {
		return d, false
	}
	if from, ok := kind.X.(*ast.Ident); !ok || from.Name != "fact" {
		return d, false
	}
	d.kind = kind.Sel.Name
	for _, e := range literal.Elts {
		if field, ok := e.(*ast.KeyValueExpr); ok {
			if text, ok := field.Value.(*ast.BasicLit); ok {
				d.pattern = strings.Trim(text.Value, `"`)
			}
		}
	}
	return d, true
}

// A fact that is published is declared, in the feature's pure half, and its plan says what it means.
func TestFactsAreDeclared(t *testing.T) {
	placeholders := map[string]int{"One": 0, "Each": 1, "Pair": 2}
	open := Open()
	var names []string
	for _, d := range declarations(t) {
		if filepath.Base(d.dir) != "plan" {
			t.Errorf("%s: %q is declared outside of a package plan, where the builder does not read it", d.dir, d.pattern)
		}
		i := slices.IndexFunc(open, func(k fact.Known) bool { return k.Pattern == d.pattern })
		switch {
		case i < 0:
			t.Errorf("%s: %q is not among the facts of its graph.Plan", d.dir, d.pattern)
		case len(open[i].Placeholders()) != placeholders[d.kind]:
			t.Errorf("%s: %q stands for rows %v; accepted: %d in a fact.%s", d.dir, d.pattern, open[i].Placeholders(), placeholders[d.kind], d.kind)
		}
		if slices.Contains(names, d.pattern) {
			t.Errorf("%s: %q is declared twice", d.dir, d.pattern)
		}
		names = append(names, d.pattern)
	}
	if len(names) < 80 || len(open) != len(names) {
		t.Errorf("%d facts are declared, and plans have %d", len(names), len(open))
	}
	for _, k := range open {
		if !strings.HasSuffix(k.Meaning, ".") || strings.Contains(k.Name, "**") {
			t.Errorf("%s: %q is no sentence", k.Pattern, k.Meaning)
		}
	}
}

// Which facts a machine makes follows from its tables.
func TestFacts(t *testing.T) {
	ra := true
	m := &spec.Machine{
		Console:   map[string]spec.Console{"tty1": {}, "ttyS*": {}, "hvc0": {Login: spec.LoginOff}},
		Ethernet:  map[string]spec.Ethernet{"lan": {}, "port": {}, "wan": {Addressing: spec.Addressing{RA: &ra}}},
		Bridge:    map[string]spec.Bridge{"br0": {Ports: []string{"port"}}},
		WireGuard: map[string]spec.WireGuard{"wg0": {Peer: map[string]spec.WireGuardPeer{"far": {}}}},
		Service:   map[string]spec.Service{"probe": {}},
		SSH:       &spec.SSH{},
	}
	defaults.Fill(m.SSH)
	facts := Facts(&spec.Description{Machine: *m})
	for name, want := range map[string]bool{
		"boot.state": true, "hostname": true, "netcmdline.problems": true, "uinit.reboots": true, "disk.firmware_raid": true, "stop.file_systems": true,
		"console.tty1": true, "console.ttyS7": true, "console.hvc0": false,
		"link.lan.carrier": true, "link.lna.carrier": false, "link.wan.dhcp6.server": true, "link.lan.dhcp6.server": false,
		"link.br0.ports": true, "link.lan.ports": false, "link.port.master": true, "link.lan.master": false, "link.br0.active": false, "link.wg0.addresses": true,
		"bridge-nf-call-iptables": true, "resolver.servers": true,
		"wireguard.wg0.public_key": true, "wireguard.wg0.far.endpoint": true, "wireguard.wg0.near.endpoint": false,
		"service.probe.state": true, "service.ssh.exit": true, "service.other.state": false, "ssh.host_key": true,
		"vm.accel": false, "time.state": true, "time.offset_seconds": false, "entropy.seed": false, "firewall.state": false, "watchdog.device": false,
	} {
		if got, ok := facts.Find(name); ok != want {
			t.Errorf("%s: %v (%+v)", name, ok, got)
		}
	}
	m.Site = &spec.Site{Allow: []spec.SiteKey{spec.SiteVLANs, spec.SiteTimeServers, spec.SiteLogServer}}
	facts = Facts(&spec.Description{Machine: *m})
	for _, name := range []string{"link.v7.carrier", "link.v7.dhcp6.server", "time.stratum", "log.connected", "site.state"} {
		if _, ok := facts.Find(name); !ok {
			t.Errorf("where the box's owner may add things, %s is not accepted", name)
		}
	}
	if !slices.IsSorted(facts.Names()) {
		t.Errorf("not sorted: %v", facts.Names())
	}
}

// What metrics are made of is declared by those who make it, and nothing of it is words without a known set.
func TestMetricsAreFacts(t *testing.T) {
	known := Open()
	for _, name := range metrics.Told {
		if !slices.Contains(known.Names(), name) {
			t.Errorf("metrics are made of %s, which nobody declares", name)
		}
	}
}
