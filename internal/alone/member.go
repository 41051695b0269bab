package alone

import (
	"fmt"

	"github.com/imgbuild/imgbuild/internal/signature"
)

// MemberError says why a device is not used by itself.
type MemberError struct {
	// Device is what was asked for, Member it or what it lies on, which belongs to an array: names in /sys/class/block.
	Device, Member string
	// Within says that Member is a partition of Device.
	Within bool
	// Serial is the disk's number, "" where it tells none.
	Serial string
	// Found is the mark on Member. Array is the one that runs with it, such as md_data; "" where none does.
	Found signature.Found
	Array string
}

// linux is the type of members of Linux' own arrays.
const linux = "linux_raid_member"

// Firmware says that a board or a controller made the array, which Linux' own driver knows nothing of.
func (e *MemberError) Firmware() bool { return e.Found.Type != linux }

// Who is the member as a person finds it: "vda, serial ABC".
func (e *MemberError) Who() string {
	if e.Serial == "" {
		return e.Member
	}
	return e.Member + ", serial " + e.Serial
}

func (e *MemberError) Error() string {
	path := "/dev/" + slashes(e.Device)
	what := path + " carries"
	if e.Within {
		what = fmt.Sprintf("%s has the partition %s, which carries", path, e.Member)
	} else if e.Member != e.Device {
		what = fmt.Sprintf("%s lies on %s, which carries", path, e.Who())
	}
	switch {
	case e.Array != "":
		return fmt.Sprintf("%s the superblock of an array that runs as /dev/%s, and is not used by itself", what, e.Array)
	case e.Firmware():
		return fmt.Sprintf("%s the mark of a firmware's array, a %s, and is not used by itself; where that array is no more, \"wipefs --all --types %s /dev/%s\" takes the mark away",
			what, e.Found.Name, e.Found.Type, slashes(e.Member))
	}
	name := ""
	if e.Found.Name != "" {
		name = fmt.Sprintf(" %q", e.Found.Name)
	}
	return fmt.Sprintf("%s the superblock of an array%s, and is not used by itself; where that array is no more, \"mdadm --zero-superblock /dev/%s\" takes it away",
		what, name, slashes(e.Member))
}
