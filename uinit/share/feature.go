package share

import (
	"context"
	"errors"
	"time"

	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/share/plan"
)

// Linked is the feature [share].
var Linked = feature.Linked{
	Name: "share", Units: plan.Units, Services: plan.Services,
	New: func(d *feature.Deps) feature.Feature { return shares{d} },
}

type shares struct{ *feature.Deps }

// Step prepares the servers, or starts those that the kernel has.
func (s shares) Step(unit string) feature.Step {
	return feature.Step{Run: func(ctx context.Context) error {
		share := s.Machine.Now().Share
		switch unit {
		case "share:nfs":
			return ServeNFS(ctx)
		case "share:iscsi":
			return ServeISCSI(ctx, share.ISCSI, s.Kmod.Load, s.Disks.CheckPath)
		case "share:smb": // a service does it
			return nil
		}
		return Prepare(share, s.Kmod.Load)
	}}
}

// Stops is what becomes of shares before services, which they are served by, and before the file systems that they hold.
func (s shares) Stops() []feature.Stop {
	return []feature.Stop{{Phase: feature.Shares, Step: power.Step{Name: "shares", Limit: 5 * time.Second, Do: s.stop}}}
}

// stop sends clients away, so that the file systems can go.
func (s shares) stop(ctx context.Context) error {
	share := s.Machine.Now().Share
	var failed []error
	if len(share.NFS) > 0 {
		failed = append(failed, StopNFS())
	}
	if len(share.ISCSI) > 0 {
		failed = append(failed, StopISCSI(ctx, share.ISCSI))
	}
	return errors.Join(failed...)
}
