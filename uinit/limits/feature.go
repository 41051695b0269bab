// Package limits divides the machine among those who work on it, so that none of them takes all of it.
package limits

import (
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/limits/plan"
)

// Linked is the feature, which no table names: user.NAME.memory and the like are its keys.
var Linked = feature.Linked{
	Name: "limits", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return &limits{d} },
	Words: []feature.Word{{Use: question, Does: "what sessions, services and guests use"}},
	Verbs: map[string]func([]string) int{question: show},
}

type limits struct{ *feature.Deps }

// Step is the work behind "mounts".
func (l *limits) Step(string) feature.Step { return feature.Step{Run: l.divide} }
