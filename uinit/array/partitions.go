package array

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// target is what becomes a member: the disk itself or, where members are partitions, the one of it that is like theirs.
func (a *arrays) target(ctx context.Context, h md.Health, old, disk string, to feature.Asker) (string, error) {
	like := partitionAlike(h, old, func(member string) string { return md.Disk(a.sys, member) })
	if like == "" || md.Disk(a.sys, disk) != "" {
		return disk, nil
	}
	return a.copyTable(ctx, like, disk, to)
}

// copyTable gives a blank disk the partitions of the disk that a member lies on, and returns the one that has
// that member's number. A disk that has partitions already, from a run that was interrupted, keeps them.
func (a *arrays) copyTable(ctx context.Context, like, disk string, to feature.Asker) (string, error) {
	target, from := md.PartitionOf(disk, like), md.Disk(a.sys, like)
	if !md.Partitions(a.sys, disk) {
		if err := a.free(ctx, md.Describe(a.sys, disk)); err != nil {
			return "", err
		}
		a.Log.Info("copying the partitions of " + from + " to " + a.described(disk))
		dump, err := a.run(a.Life, "", sfdisk, "--dump", "/dev/"+from)
		if err != nil {
			return "", fmt.Errorf("reading the partitions of %s: %w", from, err)
		}
		if _, err := a.run(a.Life, md.CopyTable(dump), sfdisk, "--quiet", "--wipe=never", "/dev/"+disk); err != nil {
			return "", fmt.Errorf("copying the partitions of %s to %s: %w", from, disk, err)
		}
		to.Tell("%s has the partitions of %s", disk, from)
	}
	limited, cancel := context.WithTimeoutCause(ctx, 10*time.Second, fmt.Errorf("%s does not come up", target))
	defer cancel()
	return target, a.AwaitDisk(limited, func() (bool, error) { return md.Exists(a.sys, target), nil })
}

// mdadm changes an array, and shows the command.
func (a *arrays) mdadm(to feature.Asker, args ...string) error {
	line := "mdadm " + strings.Join(args, " ")
	a.Log.Info(line)
	to.Tell("%s", line)
	if _, err := a.run(a.Life, "", mdadm, args...); err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	return nil
}
