//go:build !nodisk

package mount

import (
	"context"
	"fmt"

	"github.com/imgbuild/imgbuild/internal/blank"
	"github.com/imgbuild/imgbuild/internal/disk"
)

// format makes an ext4 file system on a blank device. One that holds ext4 stays as it is; anything
// else is an error: what it is, somebody may want back.
func (m *Mount) format(ctx context.Context, device string) error {
	f, err := openReadOnly(device)
	if err != nil {
		return err
	}
	defer f.Close()
	if id, ok := Probe(f); ok && id.Type == "ext4" {
		return nil
	}
	d, err := disk.At(m.box.Sys, device)
	if err != nil {
		return err
	}
	if err := blank.Device(ctx, m.box.Sys, d.Name); err != nil {
		return err
	}
	m.box.Log(fmt.Sprintf("mount %s: making an ext4 file system on %s", m.target, d))
	if said, err := run(ctx, "/sbin/mke2fs", "-q", "-t", "ext4", device); err != nil {
		return fmt.Errorf("making a file system on %s: %w: %s", d, err, said)
	}
	return nil
}
