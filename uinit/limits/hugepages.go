package limits

import (
	"errors"
	"io/fs"
	"os"

	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// hugePages is the kernel's policy for pages of 2 MiB (Documentation/admin-guide/mm/transhuge.rst).
const hugePages = "/sys/kernel/mm/transparent_hugepage/enabled"

// SpareHugePages leaves huge pages to programs that ask for them, as QEMU does for its guests' memory: where all get them, a
// small program that touches a few kilobytes takes 2 MiB for each of its areas. Who says otherwise on the kernel line is
// left alone.
func SpareHugePages(line cmdline.Line) error {
	if _, said := line.Get("transparent_hugepage"); said {
		return nil
	}
	if err := os.WriteFile(hugePages, []byte("madvise"), 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
