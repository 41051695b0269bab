package share

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/imgbuild/imgbuild/internal/holder"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// offer offers one disk, if nobody else holds it. From then on the kernel does: a device by an exclusive opening, a file
// by one for writing. Begun says that a worker before this one has made a part of it.
func offer(ctx context.Context, name string, cfg spec.ISCSIShare, disk Disk, begun bool) error {
	flag := os.O_RDWR
	if cfg.ReadOnly && !disk.Device { // a device is one target's alone in any case (iblock_configure_device)
		flag = os.O_RDONLY
	}
	r, err := holder.Reserve(cfg.Source, flag)
	if busy := (*holder.BusyError)(nil); errors.As(err, &busy) && byItself(name, busy.Holders) {
		r, err = &holder.Reservation{}, nil
	}
	if err != nil {
		return err
	}
	defer r.Release()
	ops := PlanISCSI(map[string]spec.ISCSIShare{name: cfg}, map[string]Disk{name: disk})
	if begun {
		if err := apply(ctx, Undo(ops)); err != nil { // settings of what is half made can't all be written again
			return err
		}
	}
	return apply(ctx, ops)
}

// byItself says that nobody holds a row's disk but the row itself, by a worker before this one.
func byItself(name string, by []holder.Holder) bool {
	return len(by) > 0 && !slices.ContainsFunc(by, func(h holder.Holder) bool { return h.Kind != holder.Share || h.Name != name })
}
