package plan

import (
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// check looks at what the box's owner may change.
func check(j problem.Judge, m *spec.Machine) {
	s := m.Site
	if s == nil {
		return
	}
	if len(s.Allow) == 0 {
		var words []string
		for _, k := range spec.SiteKeys() {
			words = append(words, string(k))
		}
		j.Bad("site.allow", "is empty; accepted: one or more of %s, or no table [site]", strings.Join(words, ", "))
	}
	for i, k := range s.Allow {
		if k == spec.SiteAuthorizedKeys && m.SSH == nil {
			j.Rows("ssh").Warn(problem.JoinIndex("site.allow", i), "is for an SSH server, and there is no table [ssh]")
		}
	}
}
