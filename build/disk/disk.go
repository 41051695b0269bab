// Package disk composes disk images that start on machines with a BIOS and with
// UEFI, from one copy of kernel and initrd, which lies in the EFI system partition (grub.Medium).
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
	// Boot is what starts, and by what; of a disk with Slots it lies in them, and this is nil.
	Boot *grub.Medium
	// Slots are nil on a disk with one version of the system, which lies in the EFI system partition.
	Slots *Slots
	// GRUB starts machines with a BIOS; nil leaves them out.
	GRUB *grub.DiskLoader
	// Files lie in the EFI system partition beside that.
	Files []fat.File
	// Spare is how many bytes stay free there, for files that come later.
	Spare int64
	// State is the size in bytes of the partition for what must outlast a boot; 0
	// for none. StateImage is its content, nil for an empty partition.
	State      int64
	StateImage extent.Content
}

const (
	// espLeast makes the partition FAT32, as firmware may demand of fixed disks.
	espLeast = 40 << 20
	// configRoom is kept free for the menus, which are made after the partition's size.
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
	files, err := c.files(nil)
	if err != nil {
		return nil, layout.Disk{}, err
	}
	size, err := fat.MinSize(append(files, c.Files...), c.Spare+configRoom)
	if err != nil {
		return nil, layout.Disk{}, err
	}
	contents := layout.Contents{ESP: max(size, espLeast), State: c.State}
	if c.GRUB != nil {
		contents.Boot = int64(len(c.GRUB.Core))
	}
	if c.Slots != nil {
		contents.Slot = c.Slots.Size
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
	esp, err := composeESP(c, d.Find(layout.ESPName))
	if err != nil {
		return nil, d, err
	}
	image.Place(d.Find(layout.ESPName).Offset(), esp)
	if err := c.Slots.place(image, d); err != nil {
		return nil, d, err
	}
	if c.StateImage != nil {
		image.Place(d.Find(layout.StateName).Offset(), c.StateImage)
	}
	return image, d, nil
}

// composeESP composes the system partition twice: the menus name the sectors of kernel and initrd, which are known when
// the directories and files that lie before them are.
func composeESP(c Config, p layout.Partition) (*extent.Image, error) {
	draft, err := composeVolume(c, p, nil)
	if err != nil {
		return nil, err
	}
	if c.Slots != nil { // nothing there is named by its sectors
		return draft.Image, nil
	}
	v, err := composeVolume(c, p, &grub.Place{Offset: draft.Offset})
	if err != nil {
		return nil, err
	}
	if v.Offset(c.Boot.Payload()) != draft.Offset(c.Boot.Payload()) {
		panic("BUG: kernel and initrd moved when the menus got their content")
	}
	return v.Image, nil
}

func composeVolume(c Config, p layout.Partition, at *grub.Place) (*fat.Volume, error) {
	files, err := c.files(at)
	if err != nil {
		return nil, err
	}
	files = append(files, c.Files...)
	if c.GRUB != nil {
		config, err := c.biosMenu(at)
		if err != nil {
			return nil, err
		}
		files = append(files, fat.File{Path: grub.ConfigPath, Content: bytes.NewReader(config)})
	}
	return fat.New(fat.Options{Size: p.Bytes(), Label: fat.Label(c.Name), ID: p.GUID.VolumeID(), Epoch: c.Epoch}, files)
}

// files are those in the system partition that start something, but for the BIOS's menu.
func (c Config) files(at *grub.Place) ([]fat.File, error) {
	if c.Slots != nil {
		return []fat.File{{Path: grub.ProgramPath, Content: c.Slots.Chooser.Program}}, nil
	}
	return c.Boot.Files(at)
}

func (c Config) biosMenu(at *grub.Place) ([]byte, error) {
	if c.Slots != nil {
		return c.Slots.Chooser.BIOS, nil
	}
	return c.Boot.BIOSMenu(at)
}
