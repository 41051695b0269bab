package md

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/imgbuild/imgbuild/internal/alone"
)

// devices are all that can be asked for by a text: disks and partitions.
func devices(sys fs.FS) (all []Member) {
	entries, _ := fs.ReadDir(sys, "class/block")
	for _, e := range entries {
		name := e.Name()
		if skip(sys, name) {
			continue
		}
		m := Member{Device: name, Number: attribute(sys, name, "dev"), Sectors: sectors(sys, name)}
		describe(sys, &m)
		all = append(all, m)
	}
	return all
}

// meant are those of them that a text stands for. A disk's serial number alone means the disk, not its partitions.
func meant(sys fs.FS, all []Member, text string) (these []Member) {
	for _, m := range all {
		if m.Is(text) && (strings.Contains(text, "partlabel=") || !strings.Contains(text, "serial=") || !alone.IsPartition(sys, m.Device)) {
			these = append(these, m)
		}
	}
	return these
}

// Find returns the device that each text of a profile means (see Member.Is), in their order. Complete says
// that there is exactly one for each; an error, that a text means two.
func Find(sys fs.FS, texts []string) (found []Member, complete bool, err error) {
	all := devices(sys)
	for _, text := range texts {
		these := meant(sys, all, text)
		if len(these) > 1 {
			return nil, false, fmt.Errorf("%s stands for %s", text, names(these))
		}
		found = append(found, these...)
	}
	return found, len(found) == len(texts), nil
}

// mostNamed bounds how many disks one line names.
const mostNamed = 24

// Sight says which of a profile's texts mean a device that is there, and which disks were looked at: one of them may be meant, with
// another serial number than the text has.
func Sight(sys fs.FS, texts []string) string {
	all := devices(sys)
	var seen, missing, disks, said []string
	for _, text := range texts {
		if len(meant(sys, all, text)) > 0 {
			seen = append(seen, text)
		} else {
			missing = append(missing, text)
		}
	}
	for _, m := range all {
		switch {
		case alone.IsPartition(sys, m.Device) || m.Address == "": // made of others, or of nothing
		case m.Serial == "":
			disks = append(disks, m.Device+" (no serial number)")
		default:
			disks = append(disks, m.Device+" (serial "+m.Serial+")")
		}
	}
	if len(seen) > 0 {
		said = append(said, "seen: "+strings.Join(seen, " "))
	}
	if len(missing) > 0 {
		said = append(said, "missing: "+strings.Join(missing, " "))
	}
	more := ""
	if n := len(disks) - mostNamed; n > 0 {
		disks, more = disks[:mostNamed], fmt.Sprintf(" and %d more", n)
	}
	if len(disks) == 0 {
		disks = []string{"none"}
	}
	return strings.Join(append(said, "disks looked at: "+strings.Join(disks, ", ")+more), "; ")
}
