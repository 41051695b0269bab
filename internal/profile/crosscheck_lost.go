package profile

import (
	"fmt"
	"slices"
	"strings"
)

// lost tells of lists that people add to, and that took the place of what was inherited.
func (c *crosser) lost() {
	keys := []string{"image.commands", "image.overlays", "image.replace", "kernel.drivers", "kernel.modules"}
	for name := range c.p.Packages {
		keys = append(keys, joinKey("packages", name)+".files")
	}
	for _, key := range keys {
		var gone []string
		for _, member := range c.p.source.lost[key] {
			gone = append(gone, fmt.Sprint(member))
		}
		if slices.Sort(gone); len(gone) > 0 {
			c.Warn(key, `takes the place of a list that is inherited, and leaves out %s; accepted: "inherited" among its members, which stands for that list`, strings.Join(gone, ", "))
		}
	}
}
