package md

import (
	"fmt"
	"strings"
)

// Member is a device that carries a superblock.
type Member struct {
	// Device is its name in /sys/class/block; Number is "MAJOR:MINOR".
	Device, Number string
	// Sectors of 512 bytes.
	Sectors uint64
	// Serial is that of the disk, Address the disk's place in the machine, such as 0:0:1:0; Label that of
	// a GPT partition. Each may be empty.
	Serial, Address, Label string
	Super                  *Superblock
	// Busy says that something other than an array uses it.
	Busy bool
}

// String names a member so that a person finds it: disk, slot and serial number.
func (m Member) String() string {
	var about []string
	if m.Super != nil {
		switch role := m.Super.Role(); {
		case Active(role):
			about = append(about, fmt.Sprintf("slot %d", role))
		case role == RoleSpare:
			about = append(about, "spare")
		case role == RoleJournal:
			about = append(about, "journal")
		}
	}
	if m.Address != "" {
		about = append(about, "at "+m.Address)
	}
	if m.Serial != "" {
		about = append(about, "serial "+m.Serial)
	}
	if len(about) == 0 {
		return m.Device
	}
	return m.Device + " (" + strings.Join(about, ", ") + ")"
}

func names(members []Member) string {
	words := make([]string, len(members))
	for i, m := range members {
		words[i] = m.String()
	}
	return strings.Join(words, ", ")
}

// Array is one that runs.
type Array struct {
	// Device is its name in /sys/class/block, such as md_data.
	Device string
	UUID   UUID
	// Slots is how many members it is made for, Members the devices in it now.
	Slots   int
	Members []string
}

// State is what was found: devices with superblocks, and arrays that run. Devices in arrays that run are not
// among the members.
type State struct {
	Members []Member
	Running []Array
	// Parted are disks that the kernel shows partitions of; names among them that are no disks mean nothing.
	Parted map[string]bool
	// Unreadable are devices whose superblock could not be made out, and why.
	Unreadable map[string]error
}
