package mount

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/mount/plan"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/volume"
)

// Linked is the feature [mount.*].
var Linked = feature.Linked{Name: "mount", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return &mounts{Deps: d} }}

// mounts are the file systems of the profile, and the volumes that they lie on.
type mounts struct {
	*feature.Deps
	turns Turns
	seen  alone.Memo[Seen]
}

// Step mounts what the profile wants at the target behind "mount:TARGET".
func (f *mounts) Step(unit string) feature.Step {
	target := strings.TrimPrefix(unit, "mount:")
	mount := sync.OnceValue(func() *Mount { // when it runs: the machine is what it is then
		return New(target, f.Machine.Now().Mount[target], Deps{
			Sys: f.Disks.Sys, Alone: f.Disks.CheckPath, Turns: &f.turns, Seen: &f.seen, Wait: f.AwaitDisk, LoadModule: f.Kmod.Load, Format: f.Disks.Format,
			Activate: func(ctx context.Context, group string) error {
				return volume.Activate(ctx, f.Kmod.Load, f.Disks.Sys, f.Disks.Check, group)
			},
		})
	})
	return feature.Step{Run: func(ctx context.Context) error { return mount().Run(ctx) }, Waiting: func() string { return mount().Waiting() }}
}

// Stops let go of file systems, and of the disks below volume groups, so that arrays can be stopped.
func (f *mounts) Stops() []feature.Stop {
	return []feature.Stop{
		{Phase: feature.FileSystems, Step: power.Step{Name: "file systems", Limit: 10 * time.Second, Do: DetachAll}},
		{Phase: feature.Volumes, Step: power.Step{Name: "volumes", Limit: 5 * time.Second, Do: func(ctx context.Context) error {
			return volume.Stop(ctx, f.Disks.Sys, f.Disks.Check, f.Machine.Now().VolumeGroups())
		}}},
	}
}
