package disk

import (
	"bytes"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// Slots are two partitions for a version of the system each, and what chooses among them.
type Slots struct {
	// Size of each in bytes.
	Size int64
	// First is what lies in slot A (package update), Version what it is of. Slot B is empty.
	First   extent.Content
	Version string
	// Chooser is GRUB in the EFI system partition.
	Chooser *grub.Chooser
}

// place puts the first version and the record of it onto the disk.
func (s *Slots) place(image *extent.Image, d layout.Disk) error {
	if s == nil {
		return nil
	}
	record, err := slot.Partition(slot.First(s.Version))
	if err != nil {
		return err
	}
	image.Place(d.Find(layout.RecordName).Offset(), bytes.NewReader(record))
	image.Place(d.Find(layout.SlotAName).Offset(), s.First)
	return nil
}
