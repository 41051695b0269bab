package plan

import (
	"path"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// longestName is how long a name of fw_cfg may be (FW_CFG_MAX_FILE_PATH in linux/qemu_fw_cfg.h, with its NUL).
const longestName = 55

// check holds all sources to what a box can find, or make.
func check(j problem.Judge, m *spec.Machine) {
	for _, p := range places(m) {
		s, key := p.source, p.key
		switch {
		case s.FWCfg != "" && (s.File != "" || s.Generate):
			j.Bad(key, "names more than one source; accepted: one of file, fw_cfg, generate")
		case s.Generate && p.unmade != "":
			j.Bad(key+".generate", "%s", p.unmade)
		case s.Generate && s.File == "":
			j.Of("state.path").Bad(key+".generate", "has nowhere to keep what it makes; accepted: state.path as well, or the path of a file in place of the table")
		case s.FWCfg != "" && !isName(s.FWCfg):
			j.Bad(key+".fw_cfg", "%q is no name of fw_cfg; accepted: up to %d letters, digits, - _ . and /, such as opt/org.example/hash", s.FWCfg, longestName)
		}
	}
	for _, w := range All(m) {
		if file := w.Source.File; file != "" && (!path.IsAbs(file) || path.Clean(file) != file) {
			j.Bad(w.Key()+".file", "is not the absolute path of a file; accepted: such as /state/%s", w.Kind)
		}
	}
}

// isName says whether a name is below /sys/firmware/qemu_fw_cfg/by_name, and can be given to QEMU.
func isName(name string) bool {
	return len(name) <= longestName && !path.IsAbs(name) && path.Clean(name) == name && !strings.HasPrefix(name, "..") &&
		strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789_-./") == ""
}
