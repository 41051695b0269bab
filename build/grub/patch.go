package grub

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Places in GRUB's boot sectors, as its headers include/grub/i386/pc/boot.h and
// include/grub/offsets.h name them.
const (
	sector = 512

	bootCode        = 440
	bootKernel      = 0x5c  // u64 GRUB_BOOT_MACHINE_KERNEL_SECTOR: where boot.img finds the core
	bootDrive       = 0x64  // u8 GRUB_BOOT_MACHINE_BOOT_DRIVE
	bootDriveCheck  = 0x66  // two bytes GRUB_BOOT_MACHINE_DRIVE_CHECK
	hybridKernel    = 0x1b0 // u64: the same of boot_hybrid.img
	blockStart      = 0x1f4 // u64, in the core's first sector: where its second lies
	blockCount      = 0x1fc // u16: and how many follow
	blockSegment    = 0x1fe // u16: and where they go in memory
	coreSegment     = 0x820 // GRUB_BOOT_MACHINE_KERNEL_SEG + 0x20
	cdSector        = 2048
	infoTable       = 8 // El Torito's boot information table, of mkisofs -boot-info-table
	infoTableEnd    = 64
	descriptorBlock = 16 // of the ISO's primary volume descriptor
)

var le = binary.LittleEndian

// At returns the MBR's code and the core image as they lie on a disk with the
// core from the given sector on.
func (l *DiskLoader) At(at int64) (mbr, core []byte, err error) {
	if len(l.Boot) != sector {
		return nil, nil, fmt.Errorf("placing GRUB on a disk: boot.img has %d bytes, expected %d", len(l.Boot), sector)
	}
	if core, err = locateCore(l.Core, at); err != nil {
		return nil, nil, fmt.Errorf("placing GRUB on a disk: %w", err)
	}
	mbr = append([]byte(nil), l.Boot[:bootCode]...)
	le.PutUint64(mbr[bootKernel:], uint64(at))
	mbr[bootDrive] = 0xff // the drive that the BIOS names
	// Two nops in place of a jump switch on a check for BIOSes that started from a hard
	// disk and name a floppy: the first hard disk is taken instead.
	mbr[bootDriveCheck], mbr[bootDriveCheck+1] = 0x90, 0x90
	return mbr, core, nil
}

// At returns the MBR's code for an ISO on a stick, and the El Torito image, for
// an ISO in which that image begins at the given block of 2048 bytes.
func (l *ISOLoader) At(block int64) (mbr, eltorito []byte, err error) {
	if len(l.Hybrid) != sector || len(l.CD) != cdSector {
		return nil, nil, fmt.Errorf("placing GRUB on an ISO: boot_hybrid.img and cdboot.img have %d and %d bytes, expected %d and %d",
			len(l.Hybrid), len(l.CD), sector, cdSector)
	}
	at := block*(cdSector/sector) + cdSector/sector
	core, err := locateCore(l.Core, at)
	if err != nil {
		return nil, nil, fmt.Errorf("placing GRUB on an ISO: %w", err)
	}
	mbr = append([]byte(nil), l.Hybrid[:bootCode]...)
	le.PutUint64(mbr[hybridKernel:], uint64(at))
	eltorito = append(append([]byte(nil), l.CD...), core...)
	for len(eltorito)%4 != 0 {
		eltorito = append(eltorito, 0)
	}
	sum := uint32(0)
	for i := infoTableEnd; i < len(eltorito); i += 4 {
		sum += le.Uint32(eltorito[i:])
	}
	for i, v := range []uint32{descriptorBlock, uint32(block), uint32(len(eltorito)), sum} {
		le.PutUint32(eltorito[infoTable+4*i:], v)
	}
	return mbr, eltorito, nil
}

// locateCore tells the core's first sector, which loads the rest, where that lies.
func locateCore(core []byte, at int64) ([]byte, error) {
	if len(core) <= sector {
		return nil, errors.New("the core image is empty")
	}
	core = append([]byte(nil), core...)
	le.PutUint64(core[blockStart:], uint64(at+1))
	le.PutUint16(core[blockCount:], uint16((len(core)+sector-1)/sector-1))
	le.PutUint16(core[blockSegment:], coreSegment)
	return core, nil
}
