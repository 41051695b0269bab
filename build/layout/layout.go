// Package layout is the arithmetic of partitions: where they begin and end on a
// disk and what they are called. It reads and writes nothing.
package layout

import "fmt"

const (
	// Sector is the unit of a GUID partition table, in bytes.
	Sector = 512
	// Align is the number of sectors, 1 MiB, at whose multiples partitions begin, so
	// that they fit the blocks of SSDs and of RAID.
	Align = 2048
	// TableSectors is the room that a GUID partition table of 128 entries takes
	// behind the MBR, and again at the disk's end.
	TableSectors = 1 + 32
	// FirstUsable is the first sector behind MBR and partition table.
	FirstUsable = 1 + TableSectors
)

// Disk is a disk's size and division.
type Disk struct {
	GUID GUID
	// Sectors is the disk's size in sectors of 512 bytes.
	Sectors    int64
	Partitions []Partition
}

// Partition is one row of a partition table.
type Partition struct {
	// Name is at most 36 UTF-16 code units long.
	Name       string
	Type, GUID GUID
	// Start and Size in sectors of 512 bytes.
	Start, Size int64
}

// Offset is where the partition begins, in bytes.
func (p Partition) Offset() int64 { return p.Start * Sector }

// Bytes is the partition's size in bytes.
func (p Partition) Bytes() int64 { return p.Size * Sector }

// Contents are the sizes in bytes of what a disk must hold.
type Contents struct {
	// Boot is the size of GRUB's core image; 0 leaves its partition out.
	Boot int64
	// ESP is the size of the EFI system partition.
	ESP int64
	// Slot is the size of each of two partitions that hold a version of the system (package slot); 0 leaves them out, and the record
	// of them.
	Slot int64
	// State is the size of a partition for what must outlast a boot; 0 leaves it
	// out. It is the last one, so that it can grow with the disk.
	State int64
}

// DiskID is what Derive makes the disk's own GUID of; those of partitions come from their names.
const DiskID = "disk"

// The partitions' names.
const (
	BootName   = "bios-boot"
	ESPName    = "esp"
	RecordName = "record"
	SlotAName  = "slot-a"
	SlotBName  = "slot-b"
	StateName  = "state"
	// ISOESP is what the identifiers of an ISO's EFI system partition are derived from.
	ISOESP = "iso esp"
)

// RecordBytes is the size of the partition for the record of slots.
const RecordBytes = Align * Sector

// Numbers of partitions of a disk with slots, by which GRUB finds them.
const (
	RecordNumber = 3
	SlotANumber  = 4
	SlotBNumber  = 5
)

// StateBytes is what the state partition gets for a size in bytes that was asked for.
func StateBytes(size int64) int64 { return up(size, Align*Sector) }

// Plan lays out the disk of the profile called name. GRUB's core fills the gap in
// front of the first aligned sector, all else is aligned; the disk is a multiple of
// 1 MiB long, as virtual disk formats ask.
func Plan(name string, c Contents) (Disk, error) {
	d := Disk{GUID: Derive(name, DiskID)}
	if c.ESP <= 0 || c.Boot < 0 || c.Slot < 0 || c.State < 0 {
		return d, fmt.Errorf("laying out the disk of %s: sizes of %d, %d, %d and %d bytes", name, c.Boot, c.ESP, c.Slot, c.State)
	}
	if c.Slot > 0 && c.Boot == 0 {
		return d, fmt.Errorf("laying out the disk of %s: it has slots and no GRUB, which counts on the numbers of their partitions", name)
	}
	if room := int64(Align-FirstUsable) * Sector; c.Boot > room {
		return d, fmt.Errorf("laying out the disk of %s: GRUB's core has %d bytes, there is room for %d", name, c.Boot, room)
	}
	next := int64(Align)
	add := func(label string, kind GUID, bytes int64) {
		if bytes > 0 {
			size := up(up(bytes, Sector)/Sector, Align)
			d.Partitions = append(d.Partitions, Partition{label, kind, Derive(name, label), next, size})
			next += size
		}
	}
	if c.Boot > 0 {
		d.Partitions = append(d.Partitions, Partition{BootName, BIOSBoot, Derive(name, BootName), FirstUsable, Align - FirstUsable})
	}
	add(ESPName, ESP, c.ESP)
	if c.Slot > 0 {
		add(RecordName, SlotRecord, RecordBytes)
		add(SlotAName, Slot, c.Slot)
		add(SlotBName, Slot, c.Slot)
	}
	add(StateName, LinuxData, c.State)
	d.Sectors = up(next+TableSectors, Align)
	return d, nil
}

// Find picks a partition by name; without one it is a bug of the caller.
func (d Disk) Find(name string) Partition {
	for _, p := range d.Partitions {
		if p.Name == name {
			return p
		}
	}
	panic("BUG: the disk has no partition " + name)
}

func up(n, to int64) int64 { return (n + to - 1) / to * to }
