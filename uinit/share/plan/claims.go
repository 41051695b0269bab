package plan

import (
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// claims are the disks and files that iSCSI offers, and their passwords.
func claims(m *spec.Machine) (rows []graph.Claim) {
	for _, name := range graph.Names(m.Share.ISCSI) {
		s, in, use := m.Share.ISCSI[name], problem.JoinKey("share.iscsi", name), graph.Writes
		if s.ReadOnly {
			use = graph.Reads
			if strings.HasPrefix(s.Source, "/dev/") { // iblock_configure_device in drivers/target/target_core_iblock.c
				use = graph.Holds
			}
		}
		rows = append(rows,
			graph.Claim{In: in, Key: "source", Text: s.Source, Path: s.Source, About: "is offered by", Use: use},
			graph.Claim{In: in, Key: "password_file", Text: s.PasswordFile.File, Path: s.PasswordFile.File, About: "is the password of", Use: graph.Reads})
	}
	return rows
}
