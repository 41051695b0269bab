// Package volume brings up LVM volume groups, and lets go of them.
package volume

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/uinit/slack"
)

// lvm is what activates volume groups: the format has one implementation.
const lvm = "/sbin/lvm"

// noUdev tells LVM that nobody makes device nodes but itself, and to look at what is there rather than at
// what udev noted. What it may look at is given to it: its own detection of members (md_component_detection) asks a partition and not
// the disk it lies on, and of firmwares' arrays (fw_raid_component_detection) it knows from udev alone.
const noUdev = `activation { udev_sync=0 udev_rules=0 monitoring=0 } devices { obtain_device_list_from_udev=0 external_device_info_source="none" use_devicesfile=0 global_filter=[%s"r|.*|"] } global { event_activation=0 } log { silent=1 }`

// config is LVM's configuration for the devices that may be used by themselves.
func config(sys fs.FS, check func(name string) error) string {
	var accept strings.Builder
	entries, _ := fs.ReadDir(sys, "class/block")
	for _, e := range entries {
		if alone.Ready(sys, e.Name()) && alone.Sectors(sys, e.Name()) > 0 && check(e.Name()) == nil {
			fmt.Fprintf(&accept, `"a|^/dev/%s$|", `, strings.ReplaceAll(e.Name(), "!", "/"))
		}
	}
	return fmt.Sprintf(noUdev, accept.String())
}

// Activate brings up a volume group if all its disks are there; where they are not, it is tried again when
// the next one comes. load loads a kernel module, check returns why a device below sys may not be used by itself.
func Activate(ctx context.Context, load func(module string) error, sys fs.FS, check func(name string) error, group string) error {
	if err := load("dm_mod"); err != nil {
		return fmt.Errorf("activating volume group %s: %w", group, err)
	}
	return vgchange(ctx, sys, check, group, "-ay", "--activationmode", "complete")
}

// Stop lets go of the disks below volume groups, so that arrays can be stopped.
func Stop(ctx context.Context, sys fs.FS, check func(name string) error, groups []string) error {
	var failed []error
	for _, group := range groups {
		failed = append(failed, vgchange(ctx, sys, check, group, "-an"))
	}
	return errors.Join(failed...)
}

func vgchange(ctx context.Context, sys fs.FS, check func(name string) error, group string, args ...string) error {
	if err := bounded.Make("/run/lock/lvm", 0o700); err != nil {
		return err
	}
	args = append([]string{"vgchange", "--config", config(sys, check)}, append(args, group)...)
	if out, err := slack.CombinedOutput(exec.CommandContext(ctx, lvm, args...)); err != nil {
		return fmt.Errorf("volume group %s: %w: %s", group, err, strings.TrimSpace(string(out)))
	}
	return nil
}
