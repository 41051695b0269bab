//go:build !noshare

package main

import (
	"context"
	"errors"
	"maps"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/share"
)

// addShares adds the servers that [share] asks for.
func addShares(m *spec.Machine) {
	rows := share.Services(m.Share)
	if len(rows) > 0 && m.Service == nil {
		m.Service = map[string]spec.Service{}
	}
	maps.Copy(m.Service, rows)
}

// shareStep prepares the servers, or starts those that the kernel has.
func (w *worker) shareStep(ctx context.Context, kind string) error {
	switch kind {
	case "nfs":
		return share.ServeNFS(ctx)
	case "iscsi":
		return share.ServeISCSI(ctx, w.machine.Share.ISCSI, w.modules.Load, w.disks.CheckPath)
	case "smb": // a service does it
		return nil
	}
	return share.Prepare(w.machine.Share, w.modules.Load)
}

// stopShares sends clients away, so that the file systems can go.
func (w *worker) stopShares(ctx context.Context) error {
	var failed []error
	if len(w.machine.Share.NFS) > 0 {
		failed = append(failed, share.StopNFS())
	}
	if rows := w.machine.Share.ISCSI; len(rows) > 0 {
		failed = append(failed, share.StopISCSI(ctx, rows))
	}
	return errors.Join(failed...)
}
