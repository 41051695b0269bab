package meminfo

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Installed is the memory that the firmware gave to the kernel, in bytes: what was built in, but for what firmware and graphics keep.
// MemTotal is less by what the kernel takes for itself, and so by more in a large kernel.
func Installed() (int64, error) {
	f, err := os.Open("/proc/iomem")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return systemRAM(f)
}

// systemRAM adds up the ranges of memory in /proc/iomem (Documentation/filesystems/proc.rst); those inside of them are indented.
func systemRAM(r io.Reader) (total int64, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		place, what, _ := strings.Cut(lines.Text(), " : ")
		if what != "System RAM" || strings.HasPrefix(place, " ") {
			continue
		}
		first, last, _ := strings.Cut(place, "-")
		from, err1 := strconv.ParseInt(first, 16, 64)
		to, err2 := strconv.ParseInt(last, 16, 64)
		if err := errors.Join(err1, err2); err != nil {
			return 0, fmt.Errorf("/proc/iomem: %q: %w", place, err)
		}
		total += to - from + 1
	}
	return total, lines.Err()
}
