// Package crosscheck finds what no single value of a machine shows, in the parts of it that a profile
// describes and the box's owner may change: references to nothing, circles, two things of one name.
package crosscheck

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/strict"
)

// Machine checks interfaces, accounts' keys, where servers listen, time servers and the log server. at tells where a key
// stands; keys are paths as TOML writes them. What only follows from a value in doubt is left out.
func Machine(m *spec.Machine, at func(key string) strict.Pos, doubts strict.Doubts) strict.Problems {
	c := crosser{strict.NewJudge(at, doubts), m}
	c.links()
	c.routes()
	c.tunnels()
	c.keys()
	c.listens()
	c.timeServers()
	c.logServer()
	return c.Found()
}

type crosser struct {
	strict.Judge
	p *spec.Machine
}

// linkTables are the tables of interfaces.
var linkTables = []string{"ethernet", "bond", "vlan", "bridge", "dummy", "wireguard"}
