package profile

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// least is how many members a level has at least (md(4)).
var least = map[spec.ArrayLevel]int{"linear": 1, "raid0": 1, "raid1": 1, "raid4": 2, "raid5": 2, "raid6": 4, "raid10": 2}

// longestArray is the kernel's limit for a disk's name, DISK_NAME_LEN in linux/blkdev.h, less "md_" and the NUL.
const longestArray = 32 - 3 - 1

func (c *crosser) arrays() {
	for _, name := range slices.Sorted(maps.Keys(c.p.Array)) {
		a, key := c.p.Array[name], joinKey("array", name)
		if name == "" || len(name) > longestArray || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
			c.Sure().Bad(key, "is not an array's name; accepted: up to %d letters, digits, hyphens and underscores", longestArray)
		}
		if a.Level == "" {
			c.Bad(key+".level", "is missing; accepted: linear, raid0, raid1, raid4, raid5, raid6, raid10")
		} else if a.Members != 0 && a.Members < least[a.Level] {
			c.Bad(key+".members", "is %d; accepted: %d and up for %s", a.Members, least[a.Level], a.Level)
		}
		if d := a.StartDegradedAfter; d != nil && time.Duration(*d) > time.Hour {
			c.Bad(key+".start_degraded_after", "is %s; accepted: up to 1h", *d)
		}
		for i, m := range a.Match.Members {
			for word := range strings.SplitSeq(m, ",") {
				if !strings.HasPrefix(word, "/dev/") && !strings.HasPrefix(word, "serial=") && !strings.HasPrefix(word, "partlabel=") {
					c.Bad(joinIndex(key+".match.members", i), `%q is not a device; accepted: "/dev/…", "serial=…", "partlabel=…"`, m)
				}
			}
		}
		if !a.Create {
			continue
		}
		switch n := len(a.Match.Members); {
		case n < least[a.Level] || n == 0:
			c.Of(key+".match", key+".level").Bad(key+".create", "needs match.members, the disks to make it of: %d of at least %d", n, max(1, least[a.Level]))
		case a.Members != 0 && a.Members != n:
			c.Of(key+".match", key+".members").Bad(key+".create", "makes an array of the %d match.members, and members = %d", n, a.Members)
		case a.Match.UUID != "":
			c.Bad(key+".create", "makes an array with a UUID of its own; accepted: create or match.uuid")
		case a.Match.Name != "" && a.Match.Name != name:
			c.Bad(key+".create", "makes an array called %s; accepted: match.name only where it is not created", name)
		}
	}
}

// arrayOf checks that what a mount stands on is there.
func (c *crosser) arrayOf(key, source string) {
	name, ok := strings.CutPrefix(source, "array:")
	if _, known := c.p.Array[name]; ok && !known {
		c.Ref(name, "array").Bad(key, "there is no [array.%s]%s", name, suggest.DidYouMean(name, slices.Sorted(maps.Keys(c.p.Array))))
	}
}
