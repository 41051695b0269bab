// Package share gives folders and disks to other machines: NFS by the kernel's server, SMB by
// Samba's, iSCSI by the kernel's target. What the servers read is in the image already; this starts
// and stops them.
package share

import (
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/spec"
)

const (
	// pipes is where the kernel talks to nfsdcld (rpc_pipefs).
	pipes = "/run/rpc_pipefs"
	// nfsState is where the programs of nfs-utils keep who mounted what.
	nfsState = "/var/lib/nfs"
	// memory is where nfsdcld notes clients for one boot.
	memory = "/run/nfsdcld"
)

// Services are the servers as services of the machine, without those that are kernel threads.
func Services(s spec.Share) map[string]spec.Service {
	rows := map[string]spec.Service{}
	add := func(name string, row spec.Service) {
		row.User, row.Restart = "root", spec.RestartAlways
		row.StopSignal, row.StopTimeout = "TERM", spec.Duration(5e9)
		rows[name] = row
	}
	if len(s.NFS) > 0 {
		clients := memory
		if s.State != "" {
			clients = filepath.Join(s.State, "nfsdcld")
		}
		prepared := []string{"share-files"}
		add("nfsdcld", spec.Service{Command: []string{"/usr/sbin/nfsdcld", "-F", "-p", pipes, "-s", clients}, Needs: prepared})
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

// Prepare makes what the servers expect to find: directories, and the kernel's file systems that they talk
// to it by. load loads a kernel module.
func Prepare(s spec.Share, load func(string) error) error {
	var dirs []string
	if len(s.SMB) > 0 {
		dirs = append(dirs, "/run/samba/ncalrpc", "/var/lib/samba/private", "/var/cache/samba", "/var/log/samba")
	}
	if len(s.NFS) > 0 {
		dirs = append(dirs, pipes, nfsState, memory)
		if s.State != "" {
			dirs = append(dirs, filepath.Join(s.State, "nfsdcld"))
		}
	}
	for _, dir := range dirs {
		// The state of servers holds who may do what.
		if err := bounded.Make(dir, 0o700); err != nil {
			return fmt.Errorf("preparing shares: %w", err)
		}
	}
	var failed []error
	for _, f := range folders(s) {
		if err := f.prepare(); err != nil {
			failed = append(failed, err)
		}
	}
	if len(s.NFS) > 0 {
		if err := load("nfsd"); err != nil {
			return err
		}
		failed = append(failed, attach("rpc_pipefs", pipes, "nfsd", nfsd))
	}
	return errors.Join(failed...)
}

// attach mounts file systems of the kernel, given as types and places in turn.
func attach(pairs ...string) error {
	for i := 0; i < len(pairs); i += 2 {
		kind, at := pairs[i], pairs[i+1]
		// EBUSY: a worker before this one has mounted it.
		if err := unix.Mount(kind, at, kind, unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil && err != unix.EBUSY {
			return fmt.Errorf("mounting %s on %s: %w", kind, at, err)
		}
	}
	return nil
}
