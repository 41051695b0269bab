package feature

import (
	"context"

	"github.com/imgbuild/imgbuild/internal/alone"
)

// Disks says which disks may be used by themselves, and makes something of those that are blank.
type Disks struct {
	*alone.Disks
	// Format makes an ext4 file system on a device that is blank, and refuses any other; who asks for it is said in the log. It is
	// the feature disk's, and nil without it.
	Format func(ctx context.Context, who, device string) error
}
