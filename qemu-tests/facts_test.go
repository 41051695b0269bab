package qemu_tests

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	registry "github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/suggest"
	netcmdline "github.com/imgbuild/imgbuild/uinit/netcmdline/plan"
)

var (
	// machines are the facts of machines that were built, by their initramfs.
	machines sync.Map
	// guests are the facts that those may report that were started.
	guests sync.Map
)

// mayReport are the facts of the machine that a guest boots; where that was not built here, those of any machine.
func mayReport(c qemu.Config) registry.Set {
	of, ok := machines.Load(c.Initrd)
	if !ok {
		return features.Open()
	}
	facts := of.(registry.Set)
	if slices.ContainsFunc(strings.Fields(c.Append), netcmdline.AddsLinks) {
		facts = slices.Concat(facts, features.Open("link"))
	}
	return facts
}

// declares holds a guest to what its machine declares, up to its end.
func declares(t *testing.T, g *qemu.Guest, c qemu.Config) {
	guests.Store(g, mayReport(c))
	reported := onlyDeclared(t, c)
	t.Cleanup(func() {
		guests.Delete(g)
		reported(g.Report().State().Events)
	})
}

// onlyDeclared fails for facts of a guest that nobody declares, or with another type: docs/facts.md and what "imgbuild check"
// accepts would be wrong.
func onlyDeclared(t *testing.T, c qemu.Config) func([]report.Event) {
	facts := mayReport(c)
	return func(events []report.Event) {
		for _, wrong := range undeclared(events, facts) {
			t.Error(wrong)
		}
	}
}

// undeclared says what is wrong with the facts of a report.
func undeclared(events []report.Event, facts registry.Set) (wrong []string) {
	ours := slices.ContainsFunc(events, func(e report.Event) bool { return e.Kind == report.KindFact && e.Name == "uinit.version" })
	for _, e := range events {
		if e.Kind != report.KindFact || !ours { // of another init
			continue
		}
		if f, ok := facts.Find(e.Name); !ok {
			wrong = append(wrong, fmt.Sprintf("the guest reported the fact %s, which its machine does not declare", e.Name))
		} else if !f.Type.Holds(e.Value) {
			wrong = append(wrong, fmt.Sprintf("the guest reported the fact %s = %v, which is declared as: %s", e.Name, e.Value, f.Type))
		}
	}
	return wrong
}

// mustDeclare fails at once for a fact that a guest's machine does not declare: it would be waited for in vain.
func mustDeclare(t *testing.T, g *qemu.Guest, name string) {
	t.Helper()
	of, _ := guests.Load(g)
	facts, _ := of.(registry.Set)
	if _, ok := facts.Find(name); !ok {
		t.Fatalf("nothing makes a fact %q on this guest%s", name, suggest.DidYouMean(name, facts.Names()))
	}
}

func TestUndeclared(t *testing.T) {
	t.Parallel()
	facts := features.Open()
	is := func(name string, value any) report.Event {
		return report.Event{Kind: report.KindFact, Name: name, Value: value}
	}
	version := is("uinit.version", "1")
	for _, tt := range []struct {
		events []report.Event
		want   []string
	}{
		{[]report.Event{version, is("link.lan.carrier", true), is("array.data.missing", []any{1.0}), is("boot.seconds", 3.0), {Kind: report.KindUnit, Name: "weather"}}, nil},
		{[]report.Event{version, is("weather", "fine"), is("link.lan.carrier", "yes"), is("array.data.members", nil), is("array.data.percent", 1.5)}, []string{
			"the guest reported the fact weather, which its machine does not declare",
			"the guest reported the fact link.lan.carrier = yes, which is declared as: true or false",
			"the guest reported the fact array.data.members = <nil>, which is declared as: list of texts",
			"the guest reported the fact array.data.percent = 1.5, which is declared as: whole number",
		}},
		{[]report.Event{is("answer", 42.0)}, nil}, // of another init
	} {
		if got := undeclared(tt.events, facts); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %q, want %q", tt.events, got, tt.want)
		}
	}
}

// What the tests themselves ask of a report is declared: s.Facts["link.lan.carrier"], hasFact(t, g, "boot.state", …).
func TestFactsThatTestsAskFor(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	facts, asked := features.Open(), 0
	other := []string{"answer", "names"} // of the init in guest/
	for _, name := range files {
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			for _, e := range factNames(n) {
				name, err := strconv.Unquote(e.Value)
				if _, ok := facts.Find(name); (!ok || err != nil) && !slices.Contains(other, name) {
					t.Errorf("%s: nothing makes a fact %s%s", set.Position(e.Pos()), e.Value, suggest.DidYouMean(name, facts.Names()))
				}
				asked++
			}
			return true
		})
	}
	if asked < 50 {
		t.Errorf("only %d names of facts were found", asked)
	}
}

// factNames are the facts that an expression names.
func factNames(n ast.Node) (names []*ast.BasicLit) {
	var said []ast.Expr
	switch n := n.(type) {
	case *ast.IndexExpr:
		if field, ok := n.X.(*ast.SelectorExpr); ok && field.Sel.Name == "Facts" {
			said = append(said, n.Index)
		}
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.Ident); ok && slices.Contains([]string{"fact", "hasFact", "order"}, f.Name) {
			said = n.Args[:len(n.Args):len(n.Args)]
			if f.Name != "order" {
				said = n.Args[2:3]
			}
		}
	}
	for _, e := range said {
		if text, ok := e.(*ast.BasicLit); ok && text.Kind == token.STRING {
			names = append(names, text)
		}
	}
	return names
}
