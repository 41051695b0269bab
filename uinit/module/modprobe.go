package module

import (
	"errors"
	"fmt"
	"os"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/kmod"
)

// OfferModprobe puts modprobe where the kernel calls it (CONFIG_MODPROBE_PATH). The image leaves that to
// uinit: while the kernel starts, drivers of its own ask for modules that they do well without,
// hmac(sha256) above all. Each such call would hold the kernel up until the archive is unpacked, and
// then for as long as a process comes and goes. A modprobe that the image brings stays. Where /usr is a file system
// of its own, the link is in there, and comes with it.
func OfferModprobe() error {
	if _, err := os.Stat(spec.UsrImage); err == nil {
		return nil
	}
	if err := os.Symlink("/init", "/sbin/modprobe"); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("making modprobe: %w", err)
	}
	return nil
}

// modprobe is /sbin/modprobe. It applies the same parameters as the worker. The kernel asks for what it has, too: for an array's level
// each time that one is started (md_run in drivers/md/md.c), and that time is the array's.
func modprobe(args []string) int {
	dir, err := kmod.Dir()
	if err == nil {
		system := kmod.System{Dir: dir, Sys: dev.Sys()}
		var index *kmod.Index
		if index, err = kmod.ReadIndex(os.DirFS(dir)); err == nil {
			if len(args) == 3 && args[0] == "-q" && args[1] == "--" && index.Settled(args[2], system.Live) { // kernel/kmod.c
				return 0
			}
			m, failed := spec.Read(spec.Path)
			if failed != nil {
				m = &spec.Description{} // a kernel in need of a module has no use for that error
			}
			return kmod.Modprobe(index, config(&m.Machine, cmdline.Read()), system, args, os.Stderr)
		}
	}
	fmt.Fprintln(os.Stderr, "modprobe:", err)
	return 1
}
