// Package plan says what shares need. It is pure, and the builder's as well.
package plan

import (
	"path/filepath"
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Plan is what the builder reads.
var Plan = graph.Plan{
	Name: "share", Tag: "noshare", Used: used, Units: Units, Services: Services, Listens: listens, Check: check, Claims: claims,
	Programs: programs, Modules: modules,
}

func used(d *spec.Description) bool { return len(kinds(d.Share)) > 0 }

const (
	// Pipes is where the kernel talks to nfsdcld (rpc_pipefs).
	Pipes = "/run/rpc_pipefs"
	// Memory is where nfsdcld notes clients for one boot.
	Memory = "/run/nfsdcld"
	// State is where the programs of nfs-utils keep who mounted what.
	State = "/var/lib/nfs"
)

// Samba are the directories in which Samba, as Debian builds it, keeps what is its own.
func Samba() []string {
	return []string{"/run/samba", "/var/lib/samba", "/var/cache/samba", "/var/log/samba"}
}

// folders are those that clients may write to.
func folders(rows map[string]spec.SMBShare) (writable []string) {
	for _, name := range graph.Names(rows) {
		if row := rows[name]; !row.ReadOnly && !slices.Contains(writable, row.Path) {
			writable = append(writable, row.Path)
		}
	}
	return writable
}

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
		add("nfsdcld", spec.Service{
			Command: []string{"/usr/sbin/nfsdcld", "-F", "-p", Pipes, "-s", clients}, Needs: prepared,
			// It gives up what it has itself, and ends where it may not.
			Capabilities: []spec.Capability{"setpcap"}, Writable: []string{Pipes, clients},
		})
		add("rpc.mountd", spec.Service{
			Command: []string{"/usr/sbin/rpc.mountd", "-F", "-N", "2", "-N", "3"}, Needs: prepared,
			// It looks at exported folders, whosever they are. What it answers the kernel in /proc/net/rpc are paths, and the server is to
			// find the machine's own mounts by them: it has none of its own.
			Capabilities: []spec.Capability{"dac_read_search"}, Writable: []string{"/", "/dev", "/tmp"},
		})
	}
	if len(s.SMB) > 0 {
		add("smbd", spec.Service{
			Command: []string{"/usr/sbin/smbd", "-F", "--no-process-group", "--debug-stdout"}, Needs: []string{"share-files"},
			Ready: spec.Ready{Port: SMBPort},
			// It becomes each of its users in turn, and sees to it that nobody else reads their passwords.
			Capabilities: []spec.Capability{
				"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "lease", "net_bind_service", "setgid", "setuid", "sys_resource",
			},
			Writable: slices.Concat(folders(s.SMB), Samba(), []string{"/etc/samba"}),
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
