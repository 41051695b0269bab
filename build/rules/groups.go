package rules

import (
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/build/nft"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// groups warns of groups that are listened to, and that no rule logs to: rules that are added later may. Who has other rules than the
// profile that theirs extends need not care for its groups.
func (r ruleset) groups(p *profile.Profile) profile.Problems {
	found := nft.ScanGroups(p.Firewall.Rules, r.read, r.match)
	// Numbers may be names of the rules' own, and nft takes them in other bases.
	known := func(word string) bool { n, err := strconv.Atoi(word); return err == nil && strconv.Itoa(n) == word }
	if len(found.Unread) > 0 || slices.ContainsFunc(found.Logged, func(word string) bool { return !known(word) }) {
		return nil
	}
	j := p.Judge().Of("firewall.rules", "image.overlays")
	for i, group := range p.Firewall.Log.Groups {
		key := problem.JoinIndex("firewall.log.groups", i)
		if !slices.Contains(found.Logged, strconv.Itoa(group)) && p.At(key).Depth == 0 {
			j.Warn(key, "no rule of %s logs to %d%s; accepted: a rule with \"log group %[2]d\", or no such group here", p.Firewall.Rules, group, others(found.Logged))
		}
	}
	return j.Found()
}

// others says which groups there are.
func others(logged []string) string {
	logged = slices.Compact(slices.Sorted(slices.Values(logged)))
	if len(logged) == 0 {
		return ", nor to any other"
	}
	return ", but to " + strings.Join(logged, ", ")
}
