package plan

import (
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// claims are the files of private keys.
func claims(m *spec.Machine) (rows []graph.Claim) {
	for _, name := range graph.Names(m.WireGuard) {
		file := m.WireGuard[name].PrivateKeyFile.File
		rows = append(rows, graph.Claim{In: problem.JoinKey("wireguard", name), Key: "private_key_file", Text: file, Path: file, About: "is the key of", Use: graph.Writes})
	}
	return rows
}
