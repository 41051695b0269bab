package plan

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// least is how many members a level has at least (md(4)).
var least = map[spec.ArrayLevel]int{"linear": 1, "raid0": 1, "raid1": 1, "raid4": 2, "raid5": 2, "raid6": 4, "raid10": 2}

// longestName is the kernel's limit for a disk's name, DISK_NAME_LEN in linux/blkdev.h, less "md_" and the NUL.
const longestName = 32 - 3 - 1

// nameRoom is how long an array's own name may be: set_name in linux/raid/md_p.h.
const nameRoom = 32

// names says whether a word tells a device from others: none has an empty name.
func names(word string) bool {
	for _, prefix := range []string{"/dev/", "serial=", "partlabel="} {
		if rest, ok := strings.CutPrefix(word, prefix); ok {
			return strings.TrimSpace(rest) != ""
		}
	}
	return false
}

// check looks at each array by itself.
func check(j problem.Judge, m *spec.Machine) {
	for _, name := range slices.Sorted(maps.Keys(m.Array)) {
		cfg, key := m.Array[name], problem.JoinKey("array", name)
		if name == "" || len(name) > longestName || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
			j.Sure().Bad(key, "is not an array's name; accepted: up to %d letters, digits, hyphens and underscores", longestName)
		}
		if cfg.Level == "" {
			j.Bad(key+".level", "is missing; accepted: linear, raid0, raid1, raid4, raid5, raid6, raid10")
		} else if cfg.Members != 0 && cfg.Members < least[cfg.Level] {
			j.Of(key+".level").Bad(key+".members", "is %d; accepted: %d and up for %s", cfg.Members, least[cfg.Level], cfg.Level)
		}
		if d := cfg.Patience(); d > time.Hour {
			j.Bad(key+".start_degraded_after", "is %s; accepted: up to 1h", spec.Duration(d))
		}
		for i, member := range cfg.Match.Members {
			for word := range strings.SplitSeq(member, ",") {
				if !names(word) {
					j.Bad(problem.JoinIndex(key+".match.members", i), `%q is not a device; accepted: "/dev/…", "serial=…", "partlabel=…"`, member)
				}
			}
		}
		if cfg.StartDirtyDegraded && cfg.Level != "raid4" && cfg.Level != "raid5" && cfg.Level != "raid6" {
			j.Of(key+".level").Bad(key+".start_dirty_degraded", "means nothing with level %s, which has no parity; accepted: raid4, raid5, raid6", cfg.Level)
		}
		if n := len(cfg.Match.Name); n > nameRoom {
			j.Bad(key+".match.name", "has %d bytes; accepted: up to %d, which a superblock has room for", n, nameRoom)
		}
		if cfg.Create {
			checkCreated(j, key, name, cfg)
		}
	}
}

// checkCreated looks at an array that is made where there is none.
func checkCreated(j problem.Judge, key, name string, cfg spec.Array) {
	switch n := len(cfg.Match.Members); {
	case n < max(2, least[cfg.Level]): // mdadm takes one for a mistake, whatever the level
		j.Of(key+".match", key+".level").Bad(key+".create", "needs match.members, the disks to make it of: %d of at least %d", n, max(2, least[cfg.Level]))
	case cfg.Members != 0 && cfg.Members != n:
		j.Of(key+".match", key+".members").Bad(key+".create", "makes an array of the %d match.members, and members = %d", n, cfg.Members)
	case cfg.Match.UUID != "":
		j.Bad(key+".create", "makes an array with a UUID of its own; accepted: create or match.uuid")
	case cfg.Match.Name != "" && cfg.Match.Name != name:
		j.Bad(key+".create", "makes an array called %s; accepted: match.name only where it is not created", name)
	}
}
