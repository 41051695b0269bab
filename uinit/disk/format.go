package disk

import (
	"context"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/imgbuild/imgbuild/internal/blank"
	"github.com/imgbuild/imgbuild/internal/disk"
	"github.com/imgbuild/imgbuild/uinit/slack"
)

// patience is how long mke2fs may take to come to a point where it can stop.
const patience = 10 * time.Second

// Format makes an ext4 file system on a device that is blank. sys is the tree at /sys; starts hears of the device before it is
// written to.
func Format(ctx context.Context, sys fs.FS, device string, starts func(disk string)) error {
	d, err := disk.At(sys, device)
	if err != nil {
		return err
	}
	if err := blank.Device(ctx, sys, d.Name); err != nil {
		return err
	}
	starts(d.String())
	cmd := exec.CommandContext(ctx, "/sbin/mke2fs", "-q", "-t", "ext4", device)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	if said, err := slack.CombinedOutput(cmd); err != nil {
		return fmt.Errorf("making a file system on %s: %w: %s", d, err, strings.TrimSpace(string(said)))
	}
	return nil
}
