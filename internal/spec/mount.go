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
	return !m.Create && !m.Preened() && m.ReadOnly()
}

// ReadOnly says that no program can write into the file system. Of ro and rw the last one counts, as in mount(8).
func (m Mount) ReadOnly() bool {
	if m.Type == "iso9660" || m.Type == "squashfs" {
		return true
	}
	for _, o := range slices.Backward(m.words()) {
		if o == "ro" || o == "rw" {
			return o == "ro"
		}
	}
	return false
}

// option says that one of these is among the mount options.
func (m Mount) option(these ...string) bool {
	given := m.words()
	return slices.ContainsFunc(these, func(o string) bool { return slices.Contains(given, o) })
}

// words are the mount options, each by itself.
func (m Mount) words() []string { return strings.Split(strings.Join(m.Options, ","), ",") }

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

// LongestLabel is the most bytes of a file system's label, 0 where nobody says: s_volume_name in fs/ext4/ext4.h, sb_fname in xfsprogs'
// xfs_format.h, BTRFS_LABEL_SIZE less the NUL, and the 11 letters of a volume's directory entry.
func LongestLabel(kind string) int {
	switch kind {
	case "ext4":
		return 16
	case "xfs":
		return 12
	case "btrfs":
		return 255
	case "vfat":
		return 11
	}
	return 0
}
