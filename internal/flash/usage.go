package flash

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// usage is what a system does with its block devices.
type usage struct {
	// mounts lists where a device, by number, is mounted, and where one is by path,
	// since btrfs has numbers of its own.
	mounts map[string][]string
	// swaps are paths of devices.
	swaps map[string]bool
}

func (s System) usage() (usage, error) {
	u := usage{map[string][]string{}, map[string]bool{}}
	lines, err := s.lines("self/mountinfo")
	if err != nil {
		return u, err
	}
	for _, line := range lines {
		// proc_pid_mountinfo(5): id, parent, major:minor, root, mount point … - type, source
		fields := strings.Fields(line)
		at := slices.Index(fields, "-")
		if len(fields) < 6 || at < 0 || at+2 >= len(fields) {
			continue
		}
		where := unescape(fields[4])
		u.mounts[fields[2]] = append(u.mounts[fields[2]], where)
		if source := unescape(fields[at+2]); strings.HasPrefix(source, "/dev/") {
			u.mounts[source] = append(u.mounts[source], where)
		}
	}
	if lines, err = s.lines("swaps"); err != nil {
		return u, err
	}
	for _, line := range lines[min(1, len(lines)):] {
		if fields := strings.Fields(line); len(fields) > 0 {
			u.swaps[unescape(fields[0])] = true
		}
	}
	return u, nil
}

// unescape undoes how the kernel writes blanks: \040.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// uses lists what keeps a disk or one of its partitions busy, and whether the system
// lives on it.
func (s System) uses(d Disk, u usage) (uses []string, system bool) {
	for _, dir := range append([]string{d.Name}, prefixed(d.Name+"/", d.Parts)...) {
		found, sys := s.usesOf(path.Join("block", dir), "", u, 0)
		uses, system = append(uses, found...), system || sys
	}
	return uses, system
}

func prefixed(prefix string, names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, prefix+n)
	}
	return out
}

// maxStack is how deep devices may be built of each other: a file system on LVM on
// LUKS on md on a partition is four deep.
const maxStack = 8

// usesOf follows what is built on a device: md, dm and the like name themselves in
// holders.
func (s System) usesOf(dir, through string, u usage, depth int) (uses []string, system bool) {
	name := path.Base(dir)
	device := "/dev/" + strings.ReplaceAll(name, "!", "/")
	mounts := append(slices.Clone(u.mounts[s.text(dir, "dev")]), u.mounts[device]...)
	slices.Sort(mounts)
	for _, where := range slices.Compact(mounts) {
		uses = append(uses, fmt.Sprintf("%s%s is mounted on %s", name, through, where))
		system = system || where == "/" || where == "/boot" || where == "/boot/efi" || where == "/usr"
	}
	if u.swaps[device] {
		uses, system = append(uses, fmt.Sprintf("%s%s is in use as swap", name, through)), true
	}
	holders, err := fs.ReadDir(s.Sys, path.Join(dir, "holders"))
	if err != nil || depth > maxStack {
		return uses, system
	}
	for _, h := range holders {
		switch held := h.Name(); {
		case s.text("block", held, "md/level") != "" || strings.HasPrefix(held, "md"):
			uses = append(uses, fmt.Sprintf("%s%s is a member of the md array %s", name, through, held))
		case s.text("block", held, "dm/name") != "":
			uses = append(uses, fmt.Sprintf("%s%s is part of the mapped device %s (%s)", name, through, s.text("block", held, "dm/name"), held))
		default:
			uses = append(uses, fmt.Sprintf("%s%s is held by %s", name, through, held))
		}
		more, sys := s.usesOf(path.Join("block", h.Name()), " on "+name, u, depth+1)
		uses, system = append(uses, more...), system || sys
	}
	return uses, system
}
