package mount

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// flags are the options that mount(2) takes as bits; clear ones undo a bit (mount(8)).
var flags = map[string]struct {
	bit   uintptr
	clear bool
}{
	"ro": {unix.MS_RDONLY, false}, "rw": {unix.MS_RDONLY, true},
	"nosuid": {unix.MS_NOSUID, false}, "suid": {unix.MS_NOSUID, true},
	"nodev": {unix.MS_NODEV, false}, "dev": {unix.MS_NODEV, true},
	"noexec": {unix.MS_NOEXEC, false}, "exec": {unix.MS_NOEXEC, true},
	"sync": {unix.MS_SYNCHRONOUS, false}, "async": {unix.MS_SYNCHRONOUS, true},
	"dirsync": {unix.MS_DIRSYNC, false},
	"noatime": {unix.MS_NOATIME, false}, "atime": {unix.MS_NOATIME, true},
	"nodiratime": {unix.MS_NODIRATIME, false}, "diratime": {unix.MS_NODIRATIME, true},
	"relatime": {unix.MS_RELATIME, false}, "strictatime": {unix.MS_STRICTATIME, false},
	"lazytime": {unix.MS_LAZYTIME, false},
	"bind":     {unix.MS_BIND, false}, "rbind": {unix.MS_BIND | unix.MS_REC, false},
	"silent": {unix.MS_SILENT, false},
}

// Options splits options as mount(8) takes them into the bits of mount(2) and the rest,
// which the file system understands. Those for fstab's other readers are dropped.
func Options(options []string) (bits uintptr, data string) {
	var rest []string
	for _, list := range options {
		for option := range strings.SplitSeq(list, ",") {
			flag, known := flags[option]
			switch {
			case known && flag.clear:
				bits &^= flag.bit
			case known:
				bits |= flag.bit
			case option == "", option == "defaults", option == "auto", option == "noauto",
				option == "nofail", option == "_netdev", option == "user", option == "nouser",
				strings.HasPrefix(option, "x-"):
			default:
				rest = append(rest, option)
			}
		}
	}
	return bits, strings.Join(rest, ",")
}

// wary are a row's options after those that keep a file system, whoever had its disk before, from making anybody
// root (programs with set-uid, nodes of devices) and from halting the machine: a superblock may ask for a panic where
// something is damaged. A row's own options come last, and win.
func wary(cfg spec.Mount) (bits uintptr, data string) {
	first := []string{"nosuid", "nodev"}
	if cfg.Type == "ext4" {
		first = append(first, "errors=remount-ro")
	}
	return Options(append(first, cfg.Options...))
}
