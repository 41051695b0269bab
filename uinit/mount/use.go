package mount

import (
	"context"
	"fmt"
	"slices"

	"github.com/imgbuild/imgbuild/internal/alone"
)

// use mounts what was found. Of several parts, all are there.
func (m *Mount) use(ctx context.Context, wanted Wanted, fs FileSystem, parts []string) error {
	if wanted.Device != "" {
		if err := m.deps.Alone(fs.Source); err != nil {
			return fmt.Errorf("mounting %s: %w; accepted: source = \"array:NAME\"", m.target, err)
		}
	}
	elsewhere := false
	if len(parts) > 0 {
		done, err := m.deps.Turns.take(ctx, parts[0])
		if err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
		defer done()
		for _, device := range parts {
			if elsewhere, err = m.unheld(device); err != nil {
				return fmt.Errorf("mounting %s: %w", m.target, err)
			}
		}
	}
	if m.cfg.Create {
		m.say("the making of a file system on " + fs.Source)
		if err := m.format(ctx, fs.Source); err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	if m.cfg.Preened() && !elsewhere {
		m.say("the check of " + fs.Source)
		if err := preen(ctx, fs.Type, fs.Source); err != nil {
			return fmt.Errorf("not mounting %s: %w", m.target, err)
		}
	}
	if fs.Type != "" {
		_ = m.deps.LoadModule("fs-" + fs.Type) // the kernel's answer to mount(2) is the better error
	}
	if len(parts) > 1 {
		_ = m.deps.LoadModule("fs-btrfs")
		if err := scan(parts); err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	m.say("mount(2) of " + fs.Source)
	return attachBelow(fs)
}

// which are the devices that are there now by these names.
func (m *Mount) which(parts []string) (which []string) {
	for _, part := range parts {
		which = append(which, alone.Which(m.deps.Sys, part))
	}
	return which
}

// lost says that what failed is no fault of the devices that were found: one of them is not there any more, its name is another's by
// now, or an array or a mapped device has it, and is what a look finds in its place. Who names a device by its path means that one.
func (m *Mount) lost(wanted Wanted, parts, was []string) bool {
	if slices.Contains(was, "") || !slices.Equal(m.which(parts), was) {
		return true
	}
	return wanted.Device == "" && slices.ContainsFunc(parts, func(part string) bool {
		return alone.HeldPath(m.deps.Sys, part) || m.deps.Alone(part) != nil
	})
}
