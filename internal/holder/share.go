package holder

import (
	"io/fs"
	"path"
	"strings"
)

// readShares reads what the kernel's target offers.
func (t *Table) readShares() {
	const core = "kernel/config/target/core"
	kinds, _ := fs.ReadDir(t.sys, core)
	for _, kind := range kinds {
		stores, _ := fs.ReadDir(t.sys, path.Join(core, kind.Name()))
		for _, store := range stores {
			info := t.text(core, kind.Name(), store.Name(), "info")
			h := Holder{Kind: Share, Name: store.Name(), Reads: t.protected(store.Name())}
			if number, file := offered(info); number+file != "" {
				t.shares = append(t.shares, user{number, file, h})
			}
		}
	}
}

// offered reads what a backstore says of itself: the number of a device (iblock_show_configfs_dev_params in
// drivers/target/target_core_iblock.c) or the path of a file (fd_show_configfs_dev_params in target_core_file.c). No process
// has either open.
func offered(info string) (number, file string) {
	if _, rest, ok := strings.Cut(info, "Major: "); ok {
		major, rest, _ := strings.Cut(rest, " Minor: ")
		minor, _, claimed := strings.Cut(rest, "  CLAIMED")
		if claimed {
			return major + ":" + minor, ""
		}
	}
	if _, rest, ok := strings.Cut(info, "        File: "); ok {
		if end := strings.LastIndex(rest, "  Size: "); end >= 0 {
			return "", rest[:end]
		}
	}
	return "", ""
}

// protected says that nobody may write to a backstore by any target that it is linked to.
func (t *Table) protected(store string) bool {
	linked := false
	for _, group := range globbed(t.sys, "kernel/config/target/iscsi/*/tpgt_*") {
		if len(globbed(t.sys, path.Join(group, "lun/lun_*", store))) == 0 {
			continue
		}
		if linked = true; t.text(group, "attrib/demo_mode_write_protect") != "1" {
			return false
		}
		for _, own := range globbed(t.sys, path.Join(group, "acls/*/lun_*/write_protect")) {
			if t.text(own) != "1" {
				return false
			}
		}
	}
	return linked
}

func globbed(tree fs.FS, pattern string) []string {
	found, _ := fs.Glob(tree, pattern) // the pattern is sound
	return found
}
