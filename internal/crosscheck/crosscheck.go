// Package crosscheck finds what no single value of a machine shows, in the parts of it that a profile
// describes and the box's owner may change: references to nothing, circles, two things of one name.
package crosscheck

import (
	"fmt"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/strict"
)

// Machine checks interfaces, accounts' keys, time servers and the log server. at tells where a key
// stands; keys are paths as TOML writes them.
func Machine(m *spec.Machine, at func(key string) strict.Pos) strict.Problems {
	c := crosser{p: m, at: at}
	c.links()
	c.routes()
	c.tunnels()
	c.keys()
	c.timeServers()
	c.logServer()
	return c.problems
}

type crosser struct {
	p        *spec.Machine
	at       func(key string) strict.Pos
	problems strict.Problems
}

func (c *crosser) bad(key, format string, args ...any) {
	c.problems = append(c.problems, strict.Problem{Pos: c.at(key), Key: key, Msg: fmt.Sprintf(format, args...)})
}

func (c *crosser) warn(key, format string, args ...any) {
	c.problems = append(c.problems, strict.Problem{Pos: c.at(key), Key: key, Msg: fmt.Sprintf(format, args...), Warning: true})
}
