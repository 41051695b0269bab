package kmod

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Tables returns the files that a module loader reads beside the modules, by name:
// modules.dep, modules.alias, modules.softdep, modules.order and modules.builtin,
// as depmod writes them (modules.dep(5)), for these modules alone. A module's soft
// dependencies are one line where depmod writes several: modprobe goes by the first.
func (x *Index) Tables(picks []Pick) map[string][]byte {
	sorted := slices.SortedFunc(slices.Values(picks), func(a, b Pick) int { return strings.Compare(a.Path, b.Path) })
	var dep, alias, soft, order, builtin bytes.Buffer
	alias.WriteString("# Aliases extracted from modules themselves.\n")
	soft.WriteString("# Soft dependencies extracted from modules themselves.\n")
	chosen := make(map[string]bool, len(picks))
	for _, p := range sorted {
		chosen[p.Name] = true
		fmt.Fprintf(&dep, "%s:", p.Path)
		for _, m := range x.needs(p.Module) {
			fmt.Fprintf(&dep, " %s", m.Path)
		}
		dep.WriteByte('\n')
		for _, name := range slices.Concat(p.Patterns(), p.Names) {
			fmt.Fprintf(&alias, "alias %s %s\n", name, p.Name)
		}
		if len(p.Pre)+len(p.Post) > 0 {
			fmt.Fprintf(&soft, "softdep %s%s%s\n", p.Name, labelled(" pre:", p.Pre), labelled(" post:", p.Post))
		}
	}
	for i := range x.Modules {
		switch m := &x.Modules[i]; {
		case m.Builtin && m.Path != "":
			fmt.Fprintln(&builtin, m.Path)
		case chosen[m.Name]:
			fmt.Fprintln(&order, m.Path)
		}
	}
	return map[string][]byte{
		"modules.dep":     dep.Bytes(),
		"modules.alias":   alias.Bytes(),
		"modules.softdep": soft.Bytes(),
		"modules.order":   order.Bytes(),
		"modules.builtin": builtin.Bytes(),
	}
}

func labelled(label string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return label + " " + strings.Join(names, " ")
}

// needs lists all that m depends on, directly or not. A loader goes through the list
// from its end, so that each stands before what it needs itself.
func (x *Index) needs(m *Module) []*Module {
	var needs []*Module
	seen := map[string]bool{m.Name: true}
	var visit func(m *Module)
	visit = func(m *Module) {
		for _, name := range m.Depends {
			dep, ok := x.Lookup(name)
			if !ok || dep.Builtin || seen[dep.Name] {
				continue
			}
			seen[dep.Name] = true
			visit(dep)
			needs = append(needs, dep)
		}
	}
	visit(m)
	slices.Reverse(needs)
	return needs
}
