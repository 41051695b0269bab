// Package plan says what shares need. It is pure, and the builder's as well.
package plan

import (
	"path/filepath"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "share", Units: Units, Services: Services}

const (
	// Pipes is where the kernel talks to nfsdcld (rpc_pipefs).
	Pipes = "/run/rpc_pipefs"
	// Memory is where nfsdcld notes clients for one boot.
	Memory = "/run/nfsdcld"
)

// Services are the servers as services of the machine, without those that are kernel threads.
func Services(m *spec.Machine) map[string]spec.Service {
	s, rows := m.Share, map[string]spec.Service{}
	add := func(name string, row spec.Service) {
		row.User, row.Restart = "root", spec.RestartAlways
		row.StopSignal, row.StopTimeout = "TERM", spec.Duration(5e9)
		rows[name] = row
	}
	if len(s.NFS) > 0 {
		clients := Memory
		if s.State != "" {
			clients = filepath.Join(s.State, "nfsdcld")
		}
		prepared := []string{"share-files"}
		add("nfsdcld", spec.Service{Command: []string{"/usr/sbin/nfsdcld", "-F", "-p", Pipes, "-s", clients}, Needs: prepared})
		add("rpc.mountd", spec.Service{Command: []string{"/usr/sbin/rpc.mountd", "-F", "-N", "2", "-N", "3"}, Needs: prepared})
	}
	if len(s.SMB) > 0 {
		add("smbd", spec.Service{
			Command: []string{"/usr/sbin/smbd", "-F", "--no-process-group", "--debug-stdout"}, Needs: []string{"share-files"},
			Ready: spec.Ready{Port: 445, Timeout: spec.Duration(60e9)},
		})
	}
	return rows
}
