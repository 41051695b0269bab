// Package iso composes ISO images that start as a CD and, written to a stick, as a
// disk, on machines with a BIOS and with UEFI, from one copy of kernel and initrd:
// UEFI runs the unified kernel image that lies in a FAT volume in the ISO, and GRUB
// reads both out of it.
package iso

import (
	"fmt"
	"time"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/gpt"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/iso9660"
	"github.com/imgbuild/imgbuild/build/layout"
)

// Config is what an ISO holds.
type Config struct {
	// Name of the profile; all identifiers are derived from it.
	Name string
	// Epoch is the time of all files.
	Epoch time.Time
	// UKI is the unified kernel image, as uki.New or uki.Sign gives it.
	UKI extent.Content
	// GRUB starts machines with a BIOS by Menu; nil leaves them out.
	GRUB *grub.ISOLoader
	Menu grub.Menu
	// Files lie in the ISO, where they can be read but not changed.
	Files []iso9660.File
	// ESPFiles lie in the FAT volume beside the UKI, where they can be changed on a
	// stick; Spare is how many bytes stay free there.
	ESPFiles []fat.File
	Spare    int64
}

// New composes the ISO's image. Equal configurations give equal bytes.
func New(c Config) (*extent.Image, error) {
	image, err := compose(c)
	if err != nil {
		return nil, fmt.Errorf("composing the ISO of %s: %w", c.Name, err)
	}
	return image, nil
}

func compose(c Config) (*extent.Image, error) {
	esp, err := composeESP(c)
	if err != nil {
		return nil, err
	}
	volume, mbr, err := composeVolume(c, esp)
	if err != nil {
		return nil, err
	}
	d := layout.Disk{
		GUID:    layout.Derive(c.Name, "iso"),
		Sectors: volume.Size() / layout.Sector,
		Partitions: []layout.Partition{{
			Name: layout.ESPName, Type: layout.ESP, GUID: layout.Derive(c.Name, layout.ISOESP),
			Start: volume.Block(espPath) * (iso9660.Block / layout.Sector), Size: esp.Size() / layout.Sector,
		}},
	}
	if err := gpt.Place(volume.Image, d, mbr); err != nil {
		return nil, err
	}
	return volume.Image, nil
}

// composeESP makes the volume that firmware starts from. It has the UKI first, so that
// kernel and initrd lie in one piece.
func composeESP(c Config) (*fat.Volume, error) {
	files := append([]fat.File{{Path: ukiPath, Content: c.UKI}}, c.ESPFiles...)
	size, err := fat.MinSize(files, c.Spare)
	if err != nil {
		return nil, err
	}
	id := layout.Derive(c.Name, layout.ISOESP).VolumeID()
	return fat.New(fat.Options{Size: size, Label: fat.Label(c.Name), ID: id, Epoch: c.Epoch}, files)
}
