package plan

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// check looks at each mount by itself, and whether the array that it stands on is there.
func check(j problem.Judge, m *spec.Machine) {
	// File systems that uinit can mount: what Debian's kernel has and an appliance uses.
	filesystems := []string{"ext4", "xfs", "btrfs", "vfat", "exfat", "iso9660", "squashfs", "f2fs", "tmpfs", "nfs4"}
	for _, at := range slices.Sorted(maps.Keys(m.Mount)) {
		cfg, key := m.Mount[at], problem.JoinKey("mount", at)
		if trouble := mountPoint(at); trouble != "" {
			j.Sure().Bad(key, "%s", trouble)
		}
		if !slices.Contains(filesystems, cfg.Type) {
			j.Bad(key+".type", "%q is not a file system that can be mounted%s; accepted: %s", cfg.Type, suggest.DidYouMean(cfg.Type, filesystems), strings.Join(filesystems, ", "))
		}
		checkSource(j, m, key+".source", cfg.Source)
		checkDevice(j, key, cfg)
		options(j, key, cfg)
		made(j, m, key, cfg)
		if cfg.Create && cfg.Type != "ext4" {
			j.Of(key+".type").Bad(key+".create", "%s cannot be made at boot; accepted: ext4", cfg.Type)
		}
		if cfg.Fsck == spec.FsckPreen && cfg.Type != "ext4" && cfg.Type != "vfat" {
			j.Of(key+".type").Bad(key+".fsck", "%s has nothing to be checked with at boot; accepted: ext4, vfat", cfg.Type)
		}
	}
}

// made looks at what is made of a blank device, which has no name of a file system yet and is to be written to, and at what needs none.
func made(j problem.Judge, m *spec.Machine, key string, cfg spec.Mount) {
	tag, _, _ := strings.Cut(cfg.Source, "=")
	switch array, named := strings.CutPrefix(cfg.Source, "/dev/md/"); {
	case cfg.Create && (tag == "LABEL" || tag == "UUID"):
		j.Of(key+".source").Bad(key+".create", "makes a file system on a blank device, which has no %s yet that it could be found by; accepted: /dev/…, PARTLABEL=…, PARTUUID=…, array:… or lvm:… as source", tag)
	case cfg.Create && cfg.ReadOnly():
		j.Of(key+".options").Bad(key+".create", "makes an empty file system, which nobody has a use for who can't write to it; accepted: without ro")
	case cfg.Type == "tmpfs" && (strings.HasPrefix(cfg.Source, "/dev/") || strings.Contains(cfg.Source, "=") || strings.Contains(cfg.Source, ":")):
		j.Of(key+".type").Bad(key+".source", "%q is no source of tmpfs, which lies in memory: what is written there is gone after the boot; accepted: \"tmpfs\", or the type of the file system on the device", cfg.Source)
	case cfg.Type == "nfs4" && !strings.Contains(cfg.Source, ":/"):
		j.Of(key+".type").Bad(key+".source", `%q is no folder of a server; accepted: "HOST:/PATH"`, cfg.Source)
	case named && !slices.Contains(slices.Collect(maps.Keys(m.Array)), array):
		j.Ref(array, "array").Warn(key+".source", "there is no [array.%s]%s, and nothing else starts arrays", array, suggest.DidYouMean(array, slices.Sorted(maps.Keys(m.Array))))
	}
}

// tags are ways to name a file system or partition, and what the name looks like. They are no regular expressions, for the init
// links this package and has none.
func tags() map[string]func(value string) bool {
	text := func(most int) func(string) bool {
		return func(v string) bool { return v != "" && !strings.Contains(v, "\n") && utf8.RuneCountInString(v) <= most }
	}
	return map[string]func(string) bool{
		"LABEL": text(256), "PARTLABEL": text(36),
		"UUID":     func(v string) bool { return len(v) >= 8 && len(v) <= 36 && of(v, hexadecimal+"-") },
		"PARTUUID": func(v string) bool { return groups(v, 8, 4, 4, 4, 12) || groups(v, 8, 2) },
	}
}

const hexadecimal = "0123456789abcdefABCDEF"

// of says whether a text is made of these characters.
func of(text, characters string) bool { return strings.Trim(text, characters) == "" }

// groups says whether a text is groups of so many hexadecimal digits.
func groups(text string, sizes ...int) bool {
	words := strings.Split(text, "-")
	return slices.EqualFunc(words, sizes, func(word string, size int) bool { return len(word) == size && of(word, hexadecimal) })
}

// volume says whether a text is GROUP/VOLUME (lvm(8), "Valid names").
func volume(text string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+_."
	valid := func(name string) bool { return name != "" && name[0] != '-' && of(name, letters+"-") }
	group, name, ok := strings.Cut(text, "/")
	return ok && valid(group) && valid(name)
}

// checkSource looks at what is mounted.
func checkSource(j problem.Judge, m *spec.Machine, key, source string) {
	shapes := tags()
	tag, value, tagged := strings.Cut(source, "=")
	switch shape, known := shapes[tag]; {
	case source == "":
		j.Bad(key, `is empty; accepted: "/dev/…", "LABEL=…", "UUID=…", "PARTLABEL=…", "PARTUUID=…", "array:…", "lvm:GROUP/VOLUME", "tmpfs"`)
	case tagged && !known && strings.ToUpper(tag) == tag && !strings.Contains(tag, "/"):
		names := slices.Sorted(maps.Keys(shapes))
		j.Bad(key, "%q names nothing that can be looked for%s; accepted: %s", tag+"=", suggest.DidYouMean(tag, names), strings.Join(names, ", "))
	case tagged && known && !shape(strings.Trim(value, `"`)):
		j.Bad(key, "%q is no %s", value, tag)
	}
	if name, ok := strings.CutPrefix(source, "array:"); ok {
		if _, known := m.Array[name]; !known {
			j.Ref(name, "array").Bad(key, "there is no [%s]%s", problem.JoinKey("array", name), suggest.DidYouMean(name, slices.Sorted(maps.Keys(m.Array))))
		}
	}
	if name, ok := strings.CutPrefix(source, "lvm:"); ok && !volume(name) {
		j.Bad(key, `%q is no volume; accepted: "lvm:GROUP/VOLUME"`, source)
	}
}

// checkDevice looks at what a file system lies on: without a device there is nothing to mount, and a label that none can have is waited
// for in vain.
func checkDevice(j problem.Judge, key string, cfg spec.Mount) {
	if label, ok := strings.CutPrefix(cfg.Source, "LABEL="); ok {
		label = strings.Trim(label, `"`)
		if most := spec.LongestLabel(cfg.Type); most > 0 && len(label) > most && len(label) <= 256 {
			j.Of(key+".type").Bad(key+".source", "the label %q has %d bytes; accepted: up to %d, which %s has room for", label, len(label), most, cfg.Type)
		}
		return
	}
	tag, _, tagged := strings.Cut(cfg.Source, "=")
	onDevice := slices.Contains([]string{"ext4", "xfs", "btrfs", "vfat", "exfat", "iso9660", "squashfs", "f2fs"}, cfg.Type)
	device := strings.HasPrefix(cfg.Source, "/dev/") && cfg.Source != "/dev/" || strings.HasPrefix(cfg.Source, "array:") || strings.HasPrefix(cfg.Source, "lvm:") ||
		tagged && strings.ToUpper(tag) == tag
	if onDevice && cfg.Source != "" && !device && !slices.Contains(cfg.Options, "bind") {
		meant := ""
		if _, known := tags()[strings.ToUpper(tag)]; tagged && known {
			meant = "; did you mean " + strings.ToUpper(tag) + "=?"
		}
		j.Of(key+".type").Bad(key+".source", `%q is no device, and %s lies on one%s; accepted: "/dev/…", "LABEL=…", "UUID=…", "PARTLABEL=…", "PARTUUID=…", "array:…", "lvm:GROUP/VOLUME"`, cfg.Source, cfg.Type, meant)
	}
}
