// Package rules judges the packet filter rules of an image before it is written: by their text, and by having nft load them
// where they can do no harm.
package rules

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/nft"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// ruleset is the text of packet filter rules as an image has it.
type ruleset struct {
	files map[string]tree.File // by absolute path
	open  tree.Opener
}

func newRuleset(files []tree.File, open tree.Opener) ruleset {
	r := ruleset{map[string]tree.File{}, open}
	for _, f := range files {
		if f.Mode.IsRegular() {
			r.files["/"+plan.MergedUsr(f.Path)] = f
		}
	}
	return r
}

// maxRules bounds a file that is read as rules; nobody writes so many by hand.
const maxRules = 16 << 20

func (r ruleset) read(name string) (string, bool) {
	f, ok := r.files[name]
	if !ok || f.Size > maxRules {
		return "", false
	}
	b, err := r.open.Read(f)
	return string(b), err == nil
}

func (r ruleset) match(pattern string) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(r.files)) {
		if ok, _ := path.Match(pattern, name); ok {
			names = append(names, name)
		}
	}
	return names
}

// at is where a person finds a place in the rules: in an overlay on disk its own path.
func (r ruleset) at(p nft.Place) profile.Pos {
	name := p.Path
	if f, ok := r.files[p.Path]; ok && f.From.Store == "overlay" {
		if name = f.From.Host; name == "" {
			name = "shipped:overlays/" + f.From.Name + "/" + f.From.Path
		}
	}
	return profile.Pos{File: name, Line: p.Line, Col: p.Col}
}

// problems places what nft says.
func (r ruleset) problems(found []nft.Message) profile.Problems {
	var problems profile.Problems
	for _, m := range found {
		problems = append(problems, profile.Problem{Pos: r.at(m.Place), Msg: m.Text})
	}
	return problems.Sort()
}

// Check finds what is wrong with the packet filter's rules without nft: that nothing brings them, and NAT
// where it could not work. open opens the overlays' files.
func Check(p *profile.Profile, overlays []plan.Overlay, open tree.Opener) profile.Problems {
	if p.Firewall == nil {
		return nil
	}
	var files []tree.File
	for _, o := range overlays {
		files = append(files, o.Files...)
	}
	r := newRuleset(files, open)
	if _, ok := r.files[p.Firewall.Rules]; !ok && !wholePackages(p) {
		j := p.Judge().Of("image.overlays", "packages")
		j.Bad("firewall.rules", "nothing brings %s; accepted: a file of an overlay in image.overlays", p.Firewall.Rules)
		return j.Found()
	}
	problems := slices.Concat(r.flows(p), r.groups(p))
	for _, c := range nft.Scan(p.Firewall.Rules, r.read, r.match) {
		switch {
		case c.Type != "nat":
		case c.Family == "bridge":
			problems = append(problems, profile.Problem{Pos: r.at(c.Place), Msg: "NAT on a bridge: the kernel has none in the family bridge, for it would need an address to answer by; accepted: filter chains, or NAT in a table of the family inet on a machine that routes"})
		case c.Family != "netdev" && !routes(p):
			problems = append(problems, profile.Problem{Pos: r.at(c.Place), Msg: "NAT changes packets that are routed, and this machine only bridges: none of its interfaces has an address or forwarding = true; accepted: filter chains in a table of the family bridge"})
		}
	}
	return problems
}

// flows holds the flow table that interfaces join to what the rules have: one that none of them adds packets to would be of no use, and
// one that is not declared fails as an interface comes up.
func (r ruleset) flows(p *profile.Profile) profile.Problems {
	flow := p.Firewall.Flow
	words := strings.Fields(flow.Table)
	found := nft.ScanFlows(p.Firewall.Rules, r.read, r.match)
	if len(words) != 3 || len(found.Unread) > 0 { // what is not its name is told elsewhere
		return nil
	}
	j, name := p.Judge().Of("firewall.rules", "image.overlays"), words[2]
	switch table := strings.Join(words, " "); {
	case len(found.Declared) == 0:
		j.Bad("firewall.flow.table", "the rules (%s) declare no flow table; accepted: none here, or one there: flowtable %s { hook ingress priority filter }", p.Firewall.Rules, name)
	case !slices.Contains(found.Declared, table):
		j.Bad("firewall.flow.table", "the rules (%s) declare no %q%s; accepted: %s", p.Firewall.Rules, table, suggest.DidYouMean(table, found.Declared), strings.Join(found.Declared, ", "))
	case !slices.ContainsFunc(found.Added, func(added string) bool { return added == name || strings.HasPrefix(added, "$") }):
		j.Bad("firewall.flow.table", "no rule of %s adds packets to %s; accepted: a rule with \"flow add @%s\", or no table here", p.Firewall.Rules, name, name)
	}
	return j.Found()
}

// routes says whether packets can go through the machine by an address of its own.
func routes(p *profile.Profile) bool {
	for _, l := range p.Links() {
		if l.DHCP4 || len(l.Addresses) > 0 || l.RA != nil && *l.RA || l.Forwarding != nil && *l.Forwarding {
			return true
		}
	}
	return false
}

// wholePackages says that files may come which nobody knows before they are unpacked.
func wholePackages(p *profile.Profile) bool {
	for _, pkg := range p.Packages {
		if pkg.Whole {
			return true
		}
	}
	return false
}
