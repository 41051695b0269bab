package plan

import (
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/tree"
)

// uinitNames are the names under which uinit answers besides /init. /sbin/modprobe is another, but
// uinit makes that link itself, and says why.
var uinitNames = []string{
	"usr/sbin/init", "usr/sbin/poweroff", "usr/sbin/reboot", "usr/sbin/halt",
	"usr/bin/login", "usr/bin/uinit", "usr/bin/uinitctl",
}

// Uinits says whether a path, /usr merged, is one that uinit answers at.
func Uinits(file string) bool {
	return file == "/usr/sbin/modprobe" || slices.Contains(uinitNames, strings.TrimPrefix(file, "/"))
}

func uinitFiles(uinit tree.File) []tree.File {
	uinit.Path, uinit.Mode, uinit.Why = "init", 0o755, "the init"
	files := []tree.File{uinit}
	for _, name := range uinitNames {
		files = append(files, symlink(name, "/init", "uinit under another name"))
	}
	return files
}
