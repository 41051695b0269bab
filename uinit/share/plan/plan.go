// Package plan says what shares need. It is pure, and the builder's as well.
package plan

import (
	"path/filepath"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Plan is what the builder reads.
var Plan = graph.Plan{
	Name: "share", Tag: "noshare", Used: used, Units: Units, Services: Services, Listens: listens, Check: check,
	Programs: programs, Modules: modules,
}

func used(d *spec.Description) bool { return len(kinds(d.Share)) > 0 }

const (
	// Pipes is where the kernel talks to nfsdcld (rpc_pipefs).
	Pipes = "/run/rpc_pipefs"
	// Memory is where nfsdcld notes clients for one boot.
	Memory = "/run/nfsdcld"
)

// Services are the servers as services of the machine, without those that are kernel threads.
func Services(m *spec.Machine) map[string]spec.Service {
	s, rows := m.Share, map[string]spec.Service{}
	add := func(name string, cfg spec.Service) {
		cfg.Restart = spec.RestartAlways
		rows[name] = cfg
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
			Ready: spec.Ready{Port: SMBPort},
		})
	}
	return rows
}

// programs are the servers, as Debian packages them.
func programs(m *spec.Machine) []spec.Program {
	var all []spec.Program
	if len(m.Share.NFS) > 0 {
		for _, name := range []string{"exportfs", "nfsdcld", "rpc.mountd"} {
			all = append(all, spec.Program{Package: "nfs-kernel-server", File: "/usr/sbin/" + name})
		}
	}
	if len(m.Share.SMB) > 0 {
		all = append(all, spec.Program{Package: "samba", File: "/usr/sbin/smbd"})
		// What answers who asks for the list of shares.
		for _, name := range []string{"samba-dcerpcd", "rpcd_classic", "rpcd_winreg"} {
			all = append(all, spec.Program{Package: "samba", File: "/usr/libexec/samba/" + name})
		}
	}
	return all
}

// modules are the servers that are the kernel's.
func modules(m *spec.Machine) []spec.Want {
	var wants []spec.Want
	if len(m.Share.NFS) > 0 {
		wants = append(wants, spec.Want{Module: "nfsd", Why: "share.nfs"})
	}
	if len(m.Share.ISCSI) > 0 {
		for _, name := range []string{"iscsi_target_mod", "target_core_file", "target_core_iblock"} {
			wants = append(wants, spec.Want{Module: name, Why: "share.iscsi"})
		}
	}
	return wants
}
