// Package crosscheck finds what no single value of a machine shows, in the parts of it that a profile
// describes and the box's owner may change: references to nothing, circles, two things of one name.
package crosscheck

import (
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Machine checks interfaces, accounts' keys, where servers listen, time servers and the log server. at tells where a key
// stands; keys are paths as TOML writes them. What only follows from a value in doubt is left out.
func Machine(m *spec.Machine, at func(key string) problem.Pos, doubts problem.Doubts) problem.Problems {
	c := crosser{problem.NewJudge(at, doubts), m}
	c.links()
	c.routes()
	c.keys()
	c.listens()
	c.timeServers()
	c.logServer()
	return c.Found()
}

type crosser struct {
	problem.Judge
	p *spec.Machine
}
