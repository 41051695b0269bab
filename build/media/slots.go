package media

import (
	"fmt"

	"github.com/imgbuild/imgbuild/build/disk"
	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/build/update"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

const (
	slotLeast = 64 << 20 // of a slot's default size, in bytes
	slotStep  = 16 << 20 // what it is rounded up to
)

// composeSlot is what a slot holds, and an update.
func (t *Tools) composeSlot(i Image, unified *extent.Image) (*extent.Image, error) {
	c := t.menuOf(i, unified)
	c.Slot = true
	boot, err := grub.NewMedium(c)
	if err != nil {
		return nil, fmt.Errorf("composing the boot menu of %s: %w", i.Plan.Name, err)
	}
	return update.New(update.Config{Profile: i.Plan.Name, Version: i.Plan.Version, Minimum: i.Profile.Update.MinimumVersion, Cmdline: i.Plan.Cmdline, Boot: boot})
}

// slots are those of a disk that has two, with a first version in one of them; else nil.
func (t *Tools) slots(i Image, unified, first *extent.Image) (*disk.Slots, error) {
	if i.Profile.Slots() != 2 {
		return nil, nil
	}
	size, err := slotSize(i.Profile, first.Size())
	if err != nil {
		return nil, err
	}
	chooser, err := grub.NewChooser(t.menuOf(i, unified))
	if err != nil {
		return nil, fmt.Errorf("composing what chooses among the slots of %s: %w", i.Plan.Name, err)
	}
	return &disk.Slots{Size: size, First: first, Version: i.Plan.Version, Chooser: chooser}, nil
}

// slotSize is that of each slot in bytes, for a first version of so many. The error is profile.Problems.
func slotSize(p *profile.Profile, first int64) (int64, error) {
	size := int64(p.Disk.SlotSize)
	if size == 0 {
		return max(slotLeast, (2*first+slotStep-1)/slotStep*slotStep), nil
	}
	if size < first {
		least := spec.Size((first + 1<<20 - 1) >> 20 << 20)
		return 0, profile.Problems{{Pos: p.At("disk.slot_size"), Key: "disk.slot_size",
			Msg: fmt.Sprintf("%s is too small for what the image takes now; accepted: %s or more, and better twice that, for versions grow", p.Disk.SlotSize, least)}}
	}
	return layout.StateBytes(size), nil
}
