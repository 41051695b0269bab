package md

import (
	"encoding/hex"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// running reads an array that runs (Documentation/admin-guide/md.rst).
func running(sys fs.FS, name string) (Array, bool) {
	dir := path.Join("class/block", name, "md")
	state, err := fs.ReadFile(sys, path.Join(dir, "array_state"))
	if err != nil {
		return Array{}, false
	}
	a := Array{Device: name}
	entries, _ := fs.ReadDir(sys, dir)
	for _, e := range entries {
		if member, ok := strings.CutPrefix(e.Name(), "dev-"); ok {
			a.Members = append(a.Members, member)
		}
	}
	if s := strings.TrimSpace(string(state)); s == "clear" || s == "inactive" {
		// What somebody has begun to put together is theirs. A member that was let go is listed for a moment more
		// (md_kick_rdev_from_array in drivers/md/md.c), without the link to its device.
		a.Members = slices.DeleteFunc(a.Members, func(m string) bool {
			_, err := fs.Stat(sys, path.Join(dir, "dev-"+m, "block"))
			return err != nil
		})
		return a, len(a.Members) > 0
	}
	a.Slots, _ = strconv.Atoi(attribute(sys, name, "md/raid_disks"))
	// The file has the form of RFC 4122.
	if b, err := hex.DecodeString(strings.ReplaceAll(attribute(sys, name, "md/uuid"), "-", "")); err == nil && len(b) == len(a.UUID) {
		a.UUID = UUID(b)
		if attribute(sys, name, "md/metadata_version") == "0.90" { // four words of the machine
			for i := 0; i < len(b); i += 4 {
				slices.Reverse(a.UUID[i : i+4])
			}
		}
	}
	return a, true
}
