package profile

import (
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
	netcmdline "github.com/imgbuild/imgbuild/uinit/netcmdline/plan"
)

// fact holds a check to the facts that the machine makes: one that nobody makes would be waited for in vain, and one of
// another type never be what is wanted.
func (c *crosser) fact(key string, k check.Check, facts fact.Set) {
	f, known := facts.Find(k.Fact)
	if !known && slices.ContainsFunc(c.p.Kernel.Cmdline, netcmdline.AddsLinks) {
		f, known = features.Open("link").Find(k.Fact)
	}
	if !known {
		names := facts.Names()
		c.factRef(k.Fact).Bad(key+".fact", "nothing makes a fact %q on this machine%s; accepted: %s (docs/facts.md)", k.Fact, suggest.DidYouMean(k.Fact, names), strings.Join(near(k.Fact, names), ", "))
		return
	}
	for _, problem := range k.Compare(f.Type) {
		c.Of(key, "kernel.cmdline").Bad(key+"."+problem.Key, "%s", problem.Msg)
	}
}

// factRef is for problems that stand on there being no fact of a name: any table may have had one more row.
func (c *crosser) factRef(name string) problem.Judge {
	tables := append(tablesOfFeatures(), spec.LinkTables...)
	j := c.Rows("ssh", "firewall", "watchdog", "site", "share.nfs", "share.smb", "share.iscsi").
		Of("disk", "mount", "firewall.log", "log.remote", "entropy.state", "state.path", "time", "site.allow", "kernel.cmdline")
	for i, row := range strings.Split(name, ".") {
		if i == 0 && slices.Contains(tables, row) {
			j = j.Rows(row) // one of all its rows
		}
		if i > 0 {
			j = j.Ref(row, tables...)
		}
	}
	return j
}

// near are the names that have most of their first parts in common with one; where none has any, the first parts that
// there are.
func near(name string, names []string) []string {
	for n := strings.LastIndex(name, "."); n >= 0; n = strings.LastIndex(name[:n], ".") {
		if same := slices.DeleteFunc(slices.Clone(names), func(s string) bool { return !strings.HasPrefix(s, name[:n+1]) }); len(same) > 0 {
			return same
		}
	}
	var firsts []string
	for _, s := range names {
		first, _, more := strings.Cut(s, ".")
		if more {
			first += ".…"
		}
		firsts = append(firsts, first)
	}
	slices.Sort(firsts)
	return slices.Compact(firsts)
}
