// Package holder tells who holds a block device or a file: file systems, swap, arrays, mapped devices, loop devices,
// disks offered by iSCSI, virtual machines, programs. It asks the kernel, each time anew, and remembers nothing: so it
// is right after a crash, for what a person did by hand, and on a machine that is none of ours.
package holder

import (
	"fmt"
	"slices"
)

// Kind is how something is held.
type Kind string

// The kinds.
const (
	Mount   Kind = "mount"
	Swap    Kind = "swap"
	Array   Kind = "array"  // of md
	Mapped  Kind = "mapped" // by the device mapper: LVM, LUKS
	Loop    Kind = "loop"
	Share   Kind = "share"   // by iSCSI
	Guest   Kind = "guest"   // a virtual machine of QEMU's
	Process Kind = "process" // that has it open for writing
	Other   Kind = "other"
)

// Holder is one who holds something.
type Holder struct {
	Kind Kind
	// What is held: the kernel's name of a device, or a file's path.
	What string
	// On is what that stands on, where it is not what was asked for.
	On string
	// Name is the mount point, the array, mapped device or loop device, the share's row, the guest or the program.
	Name string
	// Device is the kernel's name of a device that is made of it: md0, dm-1, loop0.
	Device string
	// PID is the process of a guest or program.
	PID int
	// Reads says that it writes nothing.
	Reads bool
}

func (h Holder) String() string {
	what := h.What
	if h.On != "" {
		what += " on " + h.On
	}
	switch h.Kind {
	case Mount:
		return fmt.Sprintf("%s is mounted on %s", what, h.Name)
	case Swap:
		return what + " is in use as swap"
	case Array:
		return fmt.Sprintf("%s is a member of the md array %s", what, h.Name)
	case Mapped:
		return fmt.Sprintf("%s is part of the mapped device %s (%s)", what, h.Name, h.Device)
	case Loop:
		return fmt.Sprintf("%s is the file behind %s", what, h.Name)
	case Share:
		return fmt.Sprintf("%s is what share.iscsi.%s offers", what, h.Name)
	case Guest:
		return fmt.Sprintf("%s is a disk of the guest %s (process %d)", what, h.Name, h.PID)
	case Process:
		return fmt.Sprintf("%s is open for writing in %s (process %d)", what, h.Name, h.PID)
	}
	return fmt.Sprintf("%s is held by %s", what, h.Name)
}

// System says that the running system cannot do without what is held.
func (h Holder) System() bool {
	return h.Kind == Swap || h.Kind == Mount && slices.Contains([]string{"/", "/boot", "/boot/efi", "/usr"}, h.Name)
}

// Words are what several say, in one sentence each.
func Words(holders []Holder) (words []string) {
	for _, h := range holders {
		words = append(words, h.String())
	}
	return words
}
