package main

import (
	"errors"
	"fmt"

	"github.com/imgbuild/imgbuild/build/image"
)

// flashable opens an image, if it is one that a disk can hold.
func flashable(name string) (*image.Image, error) {
	m, err := openImage(name)
	if err != nil {
		return nil, err
	}
	switch m.Kind {
	case image.Disk, image.ISO, image.FAT, image.QCOW2, image.VMDK, image.VHD:
		if err = m.Whole(); err == nil {
			return m, nil
		}
		err = fmt.Errorf("%s is damaged or cut off: %w", name, err)
	case image.Initramfs:
		err = fmt.Errorf("%s is an initramfs, or a compressed file, no disk image; accepted: a disk image (raw, qcow2, VMDK, VHD) or an ISO; gunzip, unxz or unzstd unpack a compressed one", name)
	default:
		err = fmt.Errorf("%s is no disk image but of the kind %q; accepted: a disk image (raw, qcow2, VMDK, VHD) or an ISO", name, m.Kind)
	}
	return nil, errors.Join(err, m.Close())
}

// bootSector tells whether a BIOS could start from what begins so.
func bootSector(m *image.Image) bool {
	b := make([]byte, 2)
	n, _ := m.Content.ReadAt(b, 510)
	return n == len(b) && b[0] == 0x55 && b[1] == 0xaa
}
