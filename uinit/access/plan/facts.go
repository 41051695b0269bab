package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// HostPassword is told by the unit "users".
var HostPassword = fact.One[bool]{Name: "access.host_password"}

func facts() []graph.Facts {
	return []graph.Facts{{Of: []fact.Def{
		HostPassword.Means(fact.None, "Whether the machine's host handed over root's password for this boot."),
	}}}
}
