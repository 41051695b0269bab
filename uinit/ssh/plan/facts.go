package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What is told of the server's key.
var (
	HostKey     = fact.One[string]{Name: "ssh.host_key"}
	HostKeyKept = fact.One[bool]{Name: "ssh.host_key_kept"}
)

func facts() []graph.Facts {
	served := func(d *spec.Description) bool { return d.SSH != nil }
	return []graph.Facts{{Rows: graph.Where(served), Of: []fact.Def{
		HostKey.Means(fact.None, "The fingerprint of the SSH server's host key, as ssh shows it."),
		HostKeyKept.Means(fact.None, "Whether that key outlasts the boot."),
	}}}
}
