package spec

import (
	"slices"
	"strings"
)

// Fsck is what becomes of a file system before it is mounted.
type Fsck string

// What can become of it.
const (
	FsckNone  Fsck = "none"
	FsckPreen Fsck = "preen"
)

// UnmarshalText accepts the words above.
func (f *Fsck) UnmarshalText(b []byte) error {
	return Choice(f, b, "what is done to a file system", FsckNone, FsckPreen)
}

// Preened says whether the file system is checked before it is mounted. By default that is ext4 which is mounted to be written:
// its checker costs next to nothing on one that is in order, and the kernel trusts what it reads there. A mount that is
// read-only writes nothing unasked.
func (m Mount) Preened() bool {
	if m.Fsck != "" {
		return m.Fsck == FsckPreen
	}
	return m.Type == "ext4" && !m.option("ro", "bind", "rbind")
}

// ReadsOnly says that nothing is ever written for a mount, neither when it is made nor when it is repaired.
func (m Mount) ReadsOnly() bool {
	return !m.Create && !m.Preened() && (m.Type == "iso9660" || m.Type == "squashfs" || m.option("ro"))
}

// option says that one of these is among the mount options.
func (m Mount) option(these ...string) bool {
	given := strings.Split(strings.Join(m.Options, ","), ",")
	return slices.ContainsFunc(these, func(o string) bool { return slices.Contains(given, o) })
}

// VolumeGroup is the LVM volume group that a mount stands on; "" where it stands on none.
func (m Mount) VolumeGroup() string {
	group, _ := volume(m.Source)
	return group
}

// volume takes lvm:GROUP/VOLUME apart; both are "" for anything else.
func volume(source string) (group, name string) {
	rest, ok := strings.CutPrefix(source, "lvm:")
	if !ok {
		return "", ""
	}
	group, name, _ = strings.Cut(rest, "/")
	return group, name
}

// VolumeGroups are the LVM volume groups that mounts and guests stand on, sorted.
func (m *Machine) VolumeGroups() []string {
	var groups []string
	add := func(group string) {
		if group != "" {
			groups = append(groups, group)
		}
	}
	for _, row := range m.Mount {
		add(row.VolumeGroup())
	}
	for _, v := range m.VM {
		for _, d := range v.Disk {
			add(d.VolumeGroup())
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}
