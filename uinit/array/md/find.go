package md

import (
	"fmt"
	"io/fs"
	"strings"
)

// Find returns the device that each text of a profile means (see Member.Is), in their order. Complete says
// that there is exactly one for each; an error, that a text means two.
func Find(sys fs.FS, texts []string) (found []Member, complete bool, err error) {
	entries, _ := fs.ReadDir(sys, "class/block")
	var all []Member
	for _, e := range entries {
		name := e.Name()
		if skip(sys, name) {
			continue
		}
		m := Member{Device: name, Number: attribute(sys, name, "dev"), Sectors: sectors(sys, name)}
		describe(sys, &m)
		all = append(all, m)
	}
	for _, text := range texts {
		var these []Member
		for _, m := range all {
			// A disk's serial number alone means the disk, not its partitions.
			if m.Is(text) && (strings.Contains(text, "partlabel=") || !strings.Contains(text, "serial=") || attribute(sys, m.Device, "partition") == "") {
				these = append(these, m)
			}
		}
		if len(these) > 1 {
			return nil, false, fmt.Errorf("%s stands for %s", text, names(these))
		}
		found = append(found, these...)
	}
	return found, len(found) == len(texts), nil
}
