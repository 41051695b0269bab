package iso

import (
	"bytes"
	"strings"

	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/iso9660"
)

const (
	ukiPath      = "EFI/BOOT/BOOTX64.EFI" // in the FAT volume
	espPath      = "boot/efi.img"
	eltoritoPath = "boot/eltorito.img"
	configPath   = "boot/grub/grub.cfg"

	// cdSectors is how much of the boot image a BIOS loads: cdboot.img, which loads
	// the rest itself.
	cdSectors = 4

	// padding follows the files: some drives fail to read the end of a CD that was
	// written without it. The backup of the partition table lies in it too.
	padding = 150 * iso9660.Block
	// whole is what the image's size is a multiple of, as virtual disks ask.
	whole = 1 << 20
)

// composeVolume makes the ISO's file system and GRUB's code for the MBR. The numbers
// of sectors that GRUB needs are read off a draft with a boot image of the right size
// and an empty grub.cfg, which comes last and so moves nothing.
func composeVolume(c Config, esp *fat.Volume) (v *iso9660.Volume, mbr []byte, err error) {
	if c.GRUB == nil {
		v, err = composeFiles(c, esp, nil, nil)
		return v, nil, err
	}
	_, eltorito, err := c.GRUB.At(0)
	if err != nil {
		return nil, nil, err
	}
	draft, err := composeFiles(c, esp, eltorito, nil)
	if err != nil {
		return nil, nil, err
	}
	if mbr, eltorito, err = c.GRUB.At(draft.Block(eltoritoPath)); err != nil {
		return nil, nil, err
	}
	config, err := grub.ConfigUKI(c.Menu, c.UKI, draft.Block(espPath)*iso9660.Block+esp.Offset(ukiPath))
	if err != nil {
		return nil, nil, err
	}
	if v, err = composeFiles(c, esp, eltorito, config); err != nil {
		return nil, nil, err
	}
	if v.Block(espPath) != draft.Block(espPath) || v.Block(eltoritoPath) != draft.Block(eltoritoPath) {
		panic("BUG: files of the ISO moved when grub.cfg got its content")
	}
	return v, mbr, nil
}

func composeFiles(c Config, esp *fat.Volume, eltorito, config []byte) (*iso9660.Volume, error) {
	o := iso9660.Options{VolumeID: volumeID(c.Name), Epoch: c.Epoch, Padding: padding, Whole: whole}
	var files []iso9660.File
	if eltorito != nil {
		o.Boot = append(o.Boot, iso9660.Boot{Platform: iso9660.BIOS, Path: eltoritoPath, Sectors: cdSectors})
		files = append(files, iso9660.File{Path: eltoritoPath, Content: bytes.NewReader(eltorito)})
	}
	o.Boot = append(o.Boot, iso9660.Boot{Platform: iso9660.EFI, Path: espPath})
	files = append(files, iso9660.File{Path: espPath, Content: esp.Image})
	files = append(files, c.Files...)
	if eltorito != nil {
		files = append(files, iso9660.File{Path: configPath, Content: bytes.NewReader(config)})
	}
	return iso9660.New(o, files)
}

// volumeID makes a volume's name of a profile's: in capitals, with _ for what it
// cannot hold.
func volumeID(name string) string {
	id := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
	return id[:min(len(id), 32)]
}
