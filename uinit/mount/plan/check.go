package plan

import (
	"maps"
	"regexp"
	"slices"
	"strings"

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
		if cfg.Create && cfg.Type != "ext4" {
			j.Of(key+".type").Bad(key+".create", "%s cannot be made at boot; accepted: ext4", cfg.Type)
		}
		if cfg.Fsck == spec.FsckPreen && cfg.Type != "ext4" && cfg.Type != "vfat" {
			j.Of(key+".type").Bad(key+".fsck", "%s has nothing to be checked with at boot; accepted: ext4, vfat", cfg.Type)
		}
	}
}

// checkSource looks at what is mounted. Its patterns are made here: the init, which links this package, has no use for them.
func checkSource(j problem.Judge, m *spec.Machine, key, source string) {
	// Ways to name a file system or partition, and what the name looks like.
	tags := map[string]string{
		"LABEL": `^.{1,256}$`, "UUID": `^[0-9A-Fa-f-]{8,36}$`, "PARTLABEL": `^.{1,36}$`,
		"PARTUUID": `^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{2})$`,
	}
	tag, value, tagged := strings.Cut(source, "=")
	switch shape, known := tags[tag]; {
	case source == "":
		j.Bad(key, `is empty; accepted: "/dev/…", "LABEL=…", "UUID=…", "PARTLABEL=…", "PARTUUID=…", "array:…", "lvm:GROUP/VOLUME", "tmpfs"`)
	case tagged && !known && strings.ToUpper(tag) == tag && !strings.Contains(tag, "/"):
		names := slices.Sorted(maps.Keys(tags))
		j.Bad(key, "%q names nothing that can be looked for%s; accepted: %s", tag+"=", suggest.DidYouMean(tag, names), strings.Join(names, ", "))
	case tagged && known && !regexp.MustCompile(shape).MatchString(strings.Trim(value, `"`)):
		j.Bad(key, "%q is no %s", value, tag)
	}
	if name, ok := strings.CutPrefix(source, "array:"); ok {
		if _, known := m.Array[name]; !known {
			j.Ref(name, "array").Bad(key, "there is no [array.%s]%s", name, suggest.DidYouMean(name, slices.Sorted(maps.Keys(m.Array))))
		}
	}
	// GROUP/VOLUME (lvm(8), "Valid names").
	const volume = `^[A-Za-z0-9+_.][A-Za-z0-9+_.-]*/[A-Za-z0-9+_.][A-Za-z0-9+_.-]*$`
	if name, ok := strings.CutPrefix(source, "lvm:"); ok && !regexp.MustCompile(volume).MatchString(name) {
		j.Bad(key, `%q is no volume; accepted: "lvm:GROUP/VOLUME"`, source)
	}
}
