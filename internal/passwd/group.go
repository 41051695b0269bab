package passwd

import (
	"fmt"
	"slices"
	"strings"
)

// GroupLine is a row of group(5) that names nobody.
func GroupLine(name string, gid uint32) string { return fmt.Sprintf("%s:x:%d:\n", name, gid) }

// Groups returns the groups of an account: its own, then those of group(5) of a folder that name it. Beside an error, of a file that
// cannot be read or a group's number, it returns those that are known.
func Groups(etc string, a Account) ([]uint32, error) {
	text, err := read(etc, "group")
	if err != nil {
		return []uint32{a.GID}, err
	}
	return groups(text, a)
}

func groups(text string, a Account) (all []uint32, bad error) {
	all = []uint32{a.GID}
	for f := range rows(text, 4, 4) {
		if !slices.Contains(strings.Split(f[3], ","), a.Name) {
			continue
		}
		gid, err := number(f[2])
		if err != nil {
			bad = fmt.Errorf("group %s: %w", f[0], err)
		} else if !slices.Contains(all, gid) {
			all = append(all, gid)
		}
	}
	return all, bad
}

// Group looks up the number of a group in group(5) of a folder.
func Group(etc, name string) (uint32, error) {
	text, err := read(etc, "group")
	if err != nil {
		return 0, err
	}
	return group(text, name)
}

func group(text, name string) (uint32, error) {
	for f := range rows(text, 4, 4) {
		if f[0] == name {
			return number(f[2])
		}
	}
	return 0, fmt.Errorf("there is no group %s", name)
}

// GroupsIn is Groups for the text of a group(5).
func GroupsIn(text string, a Account) ([]uint32, error) { return groups(text, a) }

// GroupIn is Group for the text of a group(5).
func GroupIn(text, name string) (uint32, error) { return group(text, name) }
