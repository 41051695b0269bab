// Package iso composes ISO images that start as a CD and, written to a stick, as a
// disk, on machines with a BIOS and with UEFI, from one copy of kernel and initrd, which
// lies in a FAT volume in the ISO (grub.Medium).
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
	// Boot is what starts, and by what.
	Boot *grub.Medium
	// GRUB starts machines with a BIOS; nil leaves them out.
	GRUB *grub.ISOLoader
	// Files lie in the ISO, where they can be read but not changed.
	Files []iso9660.File
	// ESPFiles lie in the FAT volume, where they can be changed on a
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
	volume, esp, mbr, err := composeVolume(c)
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

// composeESP makes the volume that firmware starts from. It has first what kernel and initrd are in, so that
// they lie in one piece. at says where in the ISO its files begin; nil for a draft.
func composeESP(c Config, at *grub.Place) (*fat.Volume, error) {
	draft, err := c.Boot.Files(nil)
	if err != nil {
		return nil, err
	}
	size, err := fat.MinSize(append(draft, c.ESPFiles...), c.Spare+configRoom)
	if err != nil {
		return nil, err
	}
	files, err := c.Boot.Files(at)
	if err != nil {
		return nil, err
	}
	id := layout.Derive(c.Name, layout.ISOESP).VolumeID()
	return fat.New(fat.Options{Size: size, Label: fat.Label(c.Name), ID: id, Epoch: c.Epoch}, append(files, c.ESPFiles...))
}
