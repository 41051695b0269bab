package spec

import "strings"

// Fsck is what becomes of a file system before it is mounted.
type Fsck string

// What can become of it.
const (
	FsckNone  Fsck = "none"
	FsckPreen Fsck = "preen"
)

// UnmarshalText accepts the words above.
func (f *Fsck) UnmarshalText(b []byte) error {
	return choice(f, b, "what is done to a file system", FsckNone, FsckPreen)
}

// VolumeGroup is the LVM volume group that a mount stands on; "" where it stands on none.
func (m Mount) VolumeGroup() string {
	rest, ok := strings.CutPrefix(m.Source, "lvm:")
	if !ok {
		return ""
	}
	group, _, _ := strings.Cut(rest, "/")
	return group
}
