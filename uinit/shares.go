//go:build !noshare

package main

import (
	"context"
	"errors"

	"github.com/imgbuild/imgbuild/uinit/share"
)

// shareStep prepares the servers, or starts those that the kernel has.
func (w *worker) shareStep(ctx context.Context, kind string) error {
	switch kind {
	case "nfs":
		return share.ServeNFS(ctx)
	case "iscsi":
		return share.ServeISCSI(ctx, w.Machine.Now().Share.ISCSI, w.Kmod.Load, w.Disks.CheckPath)
	case "smb": // a service does it
		return nil
	}
	return share.Prepare(w.Machine.Now().Share, w.Kmod.Load)
}

// stopShares sends clients away, so that the file systems can go.
func (w *worker) stopShares(ctx context.Context) error {
	var failed []error
	if len(w.Machine.Now().Share.NFS) > 0 {
		failed = append(failed, share.StopNFS())
	}
	if rows := w.Machine.Now().Share.ISCSI; len(rows) > 0 {
		failed = append(failed, share.StopISCSI(ctx, rows))
	}
	return errors.Join(failed...)
}
