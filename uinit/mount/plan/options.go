package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// ofOption are the file systems that alone take an option, by its word before "=": others refuse to be mounted with it (each one's
// parameters in fs/ of Linux 6.1).
func ofOption(word string) []string {
	switch word {
	case "umask", "fmask", "dmask":
		return []string{"vfat", "exfat"}
	case "uid", "gid":
		return []string{"vfat", "exfat", "iso9660", "tmpfs"}
	case "size", "nr_inodes", "nr_blocks", "huge", "mpol":
		return []string{"tmpfs"}
	case "subvol", "subvolid", "compress", "compress-force", "degraded":
		return []string{"btrfs"}
	}
	return nil
}

// fstab has words of fstab(5) that mount(2) does not know, and what stands for them here.
var fstab = map[string]string{
	"nofail": "the key nofail = true",
	"noauto": "no row, for what stands here is mounted at boot",
	"user":   "no such word, for root alone mounts here",
	"users":  "no such word, for root alone mounts here",
}

// options finds options that a file system would not be mounted with, and those that fstab(5) has for others.
func options(j problem.Judge, key string, cfg spec.Mount) {
	if slices.Contains(cfg.Options, "bind") { // the file system has its own
		return
	}
	var all []string
	for i, list := range cfg.Options {
		at := problem.JoinIndex(key+".options", i)
		for option := range strings.SplitSeq(list, ",") {
			word, value, _ := strings.Cut(option, "=")
			opposite, negative := strings.CutPrefix(word, "no")
			if !negative {
				opposite = "no" + word
			}
			kinds := ofOption(word)
			switch {
			case strings.HasPrefix(option, "-") || strings.ContainsAny(option, " \t") && !strings.Contains(option, `"`):
				j.Bad(at, `%q is not a mount option; accepted: each by itself, such as "noatime"`, option)
			case fstab[option] != "":
				j.Warn(at, "%q is for other readers of fstab(5), and means nothing here; accepted: %s", option, fstab[option])
			case slices.Contains(all, opposite) || option == "ro" && slices.Contains(all, "rw") || option == "rw" && slices.Contains(all, "ro"):
				j.Warn(at, "%q is the opposite of another option here, and the last one counts; accepted: one of them", option)
			case kinds != nil && !slices.Contains(kinds, cfg.Type):
				j.Of(key+".type").Bad(at, "%q is no option of %s, which would not be mounted; accepted: with %s", option, cfg.Type, strings.Join(kinds, ", "))
			case cfg.Type == "tmpfs" && !tmpfsTakes(word, value):
				j.Of(key+".type").Bad(at, "%q is not what tmpfs takes; accepted: such as size=64M, size=25%%, mode=0755", option)
			case kinds == nil && misspelt(cfg.Type, word) != "":
				j.Of(key+".type").Warn(at, "%q is no option of %s that is known here, which may refuse to be mounted; did you mean %s?", word, cfg.Type, misspelt(cfg.Type, word))
			}
			all = append(all, option)
		}
	}
}

// tmpfsTakes says whether a size is a number with one letter (memparse in lib/cmdline.c), or a share of memory, and a mode octal.
func tmpfsTakes(word, value string) bool {
	switch word {
	case "size":
		return value != "" && len(strings.TrimLeft(value, "0123456789")) <= 1 && value[0] >= '0' && value[0] <= '9' && strings.Trim(value, "0123456789kKmMgGtT%") == ""
	case "mode":
		_, err := strconv.ParseUint(value, 8, 12)
		return err == nil
	}
	return true
}
