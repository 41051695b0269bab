package iso

import (
	"bytes"
	"strings"

	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/iso9660"
)

const (
	espPath      = "boot/efi.img"
	eltoritoPath = "boot/eltorito.img"

	// configRoom is kept free in the FAT volume for UEFI's menu, which is made after the volume's size.
	configRoom = 64 << 10

	// cdSectors is how much of the boot image a BIOS loads: cdboot.img, which loads
	// the rest itself.
	cdSectors = 4

	// padding follows the files: some drives fail to read the end of a CD that was
	// written without it. The backup of the partition table lies in it too.
	padding = 150 * iso9660.Block
	// whole is what the image's size is a multiple of, as virtual disks ask.
	whole = 1 << 20
)

// composeVolume makes the ISO's file system, the FAT volume in it, and GRUB's code for the MBR. The numbers
// of sectors that GRUB needs are read off a draft with a boot image of the right size
// and an empty grub.cfg, which comes last and so moves nothing.
func composeVolume(c Config) (v *iso9660.Volume, esp *fat.Volume, mbr []byte, err error) {
	if esp, err = composeESP(c, nil); err != nil {
		return nil, nil, nil, err
	}
	var eltorito, config []byte
	if c.GRUB != nil {
		if _, eltorito, err = c.GRUB.At(0); err != nil {
			return nil, nil, nil, err
		}
	}
	draft, err := composeFiles(c, esp, eltorito, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	drafted := esp
	at := &grub.Place{Whole: true, Offset: func(path string) int64 { return draft.Block(espPath)*iso9660.Block + drafted.Offset(path) }}
	if esp, err = composeESP(c, at); err != nil {
		return nil, nil, nil, err
	}
	if c.GRUB != nil {
		if mbr, eltorito, err = c.GRUB.At(draft.Block(eltoritoPath)); err != nil {
			return nil, nil, nil, err
		}
		if config, err = c.Boot.BIOSMenu(at); err != nil {
			return nil, nil, nil, err
		}
	}
	if v, err = composeFiles(c, esp, eltorito, config); err != nil {
		return nil, nil, nil, err
	}
	if v.Block(espPath) != draft.Block(espPath) || esp.Offset(c.Boot.Payload()) != drafted.Offset(c.Boot.Payload()) {
		panic("BUG: files of the ISO moved when the menus got their content")
	}
	return v, esp, mbr, nil
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
		files = append(files, iso9660.File{Path: grub.ConfigPath, Content: bytes.NewReader(config)})
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
