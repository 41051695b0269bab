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
	"github.com/imgbuild/imgbuild/uinit/share/plan"
)

// Prepare makes what the servers expect to find: directories, and the kernel's file systems that they talk
// to it by. load loads a kernel module.
func Prepare(s spec.Share, load func(string) error) error {
	var dirs []string
	if len(s.SMB) > 0 {
		dirs = append(append(dirs, plan.Samba()...), "/run/samba/ncalrpc", "/var/lib/samba/private")
	}
	if len(s.NFS) > 0 {
		dirs = append(dirs, plan.Pipes, plan.State, plan.Memory)
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
		failed = append(failed, attach("rpc_pipefs", plan.Pipes, "nfsd", nfsd))
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
