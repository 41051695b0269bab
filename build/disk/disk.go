// Package disk composes disk images that start on machines with a BIOS and with
// UEFI, from one copy of kernel and initrd: UEFI runs the unified kernel image that
// lies in the EFI system partition, and GRUB reads both out of it.
package disk

import (
	"bytes"
	"fmt"
	"time"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/gpt"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/layout"
)

// Config is what a disk holds.
type Config struct {
	// Name of the profile; all identifiers are derived from it.
	Name string
	// Epoch is the time of all files.
	Epoch time.Time
	// UKI is the unified kernel image, as uki.New or uki.Sign gives it.
	UKI extent.Content
	// GRUB starts machines with a BIOS by Menu; nil leaves them out.
	GRUB *grub.DiskLoader
	Menu grub.Menu
	// Files lie in the EFI system partition beside the UKI.
	Files []fat.File
	// Spare is how many bytes stay free there, for files that come later.
	Spare int64
	// State is the size in bytes of the partition for what must outlast a boot; 0
	// for none. StateImage is its content, nil for an empty partition.
	State      int64
	StateImage extent.Content
}

const (
	// ukiPath is where firmware looks on a disk that it was told nothing about (UEFI
	// specification, section 3.5.1.1).
	ukiPath    = "EFI/BOOT/BOOTX64.EFI"
	configPath = "boot/grub/grub.cfg"

	// espLeast makes the partition FAT32, as firmware may demand of fixed disks.
	espLeast = 40 << 20
	// configRoom is kept free for grub.cfg, which is made after the partition's size.
	configRoom = 64 << 10
)

// New composes the disk's image and tells how it is divided. Equal configurations
// give equal bytes.
func New(c Config) (*extent.Image, layout.Disk, error) {
	image, d, err := compose(c)
	if err != nil {
		return nil, d, fmt.Errorf("composing the disk of %s: %w", c.Name, err)
	}
	return image, d, nil
}

func compose(c Config) (*extent.Image, layout.Disk, error) {
	files := append([]fat.File{{Path: ukiPath, Content: c.UKI}}, c.Files...)
	size, err := fat.MinSize(files, c.Spare+configRoom)
	if err != nil {
		return nil, layout.Disk{}, err
	}
	contents := layout.Contents{ESP: max(size, espLeast), State: c.State}
	if c.GRUB != nil {
		contents.Boot = int64(len(c.GRUB.Core))
	}
	if c.StateImage != nil && c.StateImage.Size() > c.State {
		return nil, layout.Disk{}, fmt.Errorf("the state partition of %d bytes is to hold %d", c.State, c.StateImage.Size())
	}
	d, err := layout.Plan(c.Name, contents)
	if err != nil {
		return nil, d, err
	}
	image := extent.New(d.Sectors * layout.Sector)
	var mbr, core []byte
	if c.GRUB != nil {
		boot := d.Find(layout.BootName)
		if mbr, core, err = c.GRUB.At(boot.Start); err != nil {
			return nil, d, err
		}
		image.Place(boot.Offset(), bytes.NewReader(core))
	}
	if err := gpt.Place(image, d, mbr); err != nil {
		return nil, d, err
	}
	esp, err := composeESP(c, d.Find(layout.ESPName), files)
	if err != nil {
		return nil, d, err
	}
	image.Place(d.Find(layout.ESPName).Offset(), esp)
	if c.StateImage != nil {
		image.Place(d.Find(layout.StateName).Offset(), c.StateImage)
	}
	return image, d, nil
}

// composeESP composes the system partition twice: grub.cfg names the sectors of
// kernel and initrd, which are known when the directories that lie before them are.
// Being the last file, it moves nothing itself.
func composeESP(c Config, p layout.Partition, files []fat.File) (*extent.Image, error) {
	o := fat.Options{Size: p.Bytes(), Label: fat.Label(c.Name), ID: p.GUID.VolumeID(), Epoch: c.Epoch}
	if c.GRUB == nil {
		v, err := fat.New(o, files)
		if err != nil {
			return nil, err
		}
		return v.Image, nil
	}
	draft, err := fat.New(o, append(files, fat.File{Path: configPath, Content: bytes.NewReader(nil)}))
	if err != nil {
		return nil, err
	}
	config, err := grub.ConfigUKI(c.Menu, c.UKI, draft.Offset(ukiPath))
	if err != nil {
		return nil, err
	}
	v, err := fat.New(o, append(files, fat.File{Path: configPath, Content: bytes.NewReader(config)}))
	if err != nil {
		return nil, err
	}
	if v.Offset(ukiPath) != draft.Offset(ukiPath) {
		panic("BUG: the UKI moved when grub.cfg got its content")
	}
	return v.Image, nil
}
