package plan

import (
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// claims are the files and devices that guests use.
func claims(m *spec.Machine) (rows []graph.Claim) {
	for _, name := range graph.Names(m.VM) {
		v, in := m.VM[name], problem.JoinKey("vm", name)
		for _, disk := range graph.Names(v.Disk) {
			d, use := v.Disk[disk], graph.Writes
			if d.ReadOnly || d.Bus == spec.VMCDROM {
				use = graph.Reads
			}
			rows = append(rows, graph.Claim{In: in, Key: problem.JoinKey("disk", disk) + ".path", Text: d.Path, Path: d.File(), About: "is a disk of", Use: use})
		}
		rows = append(rows,
			graph.Claim{In: in, Key: "uefi_vars", Text: v.UEFIVars, Path: v.UEFIVars, About: "holds the UEFI variables of", Use: graph.Writes},
			graph.Claim{In: in, Key: "kernel", Text: v.Kernel, Path: v.Kernel, About: "starts", Use: graph.Reads},
			graph.Claim{In: in, Key: "initrd", Text: v.Initrd, Path: v.Initrd, About: "starts", Use: graph.Reads})
	}
	return rows
}
