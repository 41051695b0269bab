package repack

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/extent"
)

// start is where the main archive of an initramfs begins.
type start struct {
	// offset in the file, in bytes.
	offset int64
	// number of its first entry.
	number int
}

// findMain skips the archives that the kernel reads before it unpacks anything: they come first, are not
// compressed, and hold nothing else (Documentation/arch/x86/microcode.rst, lib/earlycpio.c).
func findMain(content extent.Content) (start, error) {
	r := cpio.NewReader(io.NewSectionReader(content, 0, content.Size()), math.MaxInt64)
	defer r.Close()
	begin := start{offset: -1}
	for number := 0; ; number++ {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return start{content.Size(), number}, nil
		}
		if err != nil {
			return start{}, err
		}
		if e.Start != begin.offset {
			begin = start{e.Start, number}
		}
		if e.Compression != cpio.None || !early(e.Path) {
			return begin, nil
		}
	}
}

// early tells the files of such an archive: microcode and tables of ACPI lie below kernel, and dracut puts a mark beside them.
func early(path string) bool {
	top, _, _ := strings.Cut(strings.TrimPrefix(path, "./"), "/")
	return top == "." || top == "kernel" || top == "early_cpio"
}

// keepsEarly refuses files of an overlay that lie in the early archives.
func (s *original) keepsEarly(added []addition, main int) error {
	for _, a := range added {
		if a.old != nil && s.number[a.old] < main {
			return fmt.Errorf("%s lies in the archive that the kernel reads before it unpacks the others, and which stays as it is; accepted: files of the others, and new ones", a.Path)
		}
	}
	return nil
}
