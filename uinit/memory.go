package main

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// hugePages is the kernel's policy for pages of 2 MiB (Documentation/admin-guide/mm/transhuge.rst).
const hugePages = "/sys/kernel/mm/transparent_hugepage/enabled"

// spareHugePages leaves huge pages to programs that ask for them, as QEMU does for its guests' memory: where all get them, a
// small program that touches a few kilobytes takes 2 MiB for each of its areas. Who says otherwise on the kernel line is
// left alone.
func spareHugePages(line cmdline.Line) error {
	if _, said := line.Get("transparent_hugepage"); said {
		return nil
	}
	if err := os.WriteFile(hugePages, []byte("madvise"), 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// memoryUsed is what programs, the kernel and files in memory hold, in bytes: neither what is free nor what the kernel can
// drop at once. What it keeps in reserve is not used; MemAvailable leaves that out, and so is no measure of it.
func memoryUsed() (int64, error) {
	m, err := memInfo()
	if err != nil {
		return 0, err
	}
	used := m["MemTotal"] - m["MemFree"] - m["Buffers"] - (m["Cached"] - m["Shmem"]) - m["SReclaimable"]
	zones, err := os.Open("/proc/zoneinfo")
	if err != nil {
		return used, nil
	}
	defer zones.Close()
	return used - freeLists(zones)*int64(os.Getpagesize()), nil
}

// memory is this machine's, in bytes (proc(5), MemTotal and MemAvailable in meminfo).
func memory() (total, available int64, err error) {
	m, err := memInfo()
	return m["MemTotal"], m["MemAvailable"], err
}

// memInfo is /proc/meminfo, in bytes.
func memInfo() (map[string]int64, error) {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	values := map[string]int64{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, rest, _ := strings.Cut(lines.Text(), ":")
		if n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64); err == nil {
			values[name] = n << 10
		}
	}
	return values, nil
}

// freeLists counts the free pages that processors keep for themselves, which MemFree leaves out: the lines "count: N" of
// pagesets (proc(5), zoneinfo).
func freeLists(zoneinfo io.Reader) (pages int64) {
	for lines := bufio.NewScanner(zoneinfo); lines.Scan(); {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "count:"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
			pages += n
		}
	}
	return pages
}
