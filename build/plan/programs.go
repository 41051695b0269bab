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

// busyboxPath is where the program of all commands lies; it picks the command by
// the name it is called by.
const busyboxPath = "usr/bin/bb"

func commandFiles(busybox tree.File, commands []string) []tree.File {
	if len(commands) == 0 {
		return nil
	}
	busybox.Path, busybox.Mode, busybox.Why = busyboxPath, 0o755, "u-root commands, one program"
	files := []tree.File{busybox}
	for _, c := range slices.Compact(slices.Sorted(slices.Values(commands))) {
		files = append(files, symlink("usr/bin/"+c, "bb", "command "+c))
	}
	return files
}
