// Package meminfo says how much memory this machine has, and how much of it is taken (proc(5), meminfo and zoneinfo).
package meminfo

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
)

// Used is what programs, the kernel and files in memory hold, in bytes: neither what is free nor what the kernel can
// drop at once. What it keeps in reserve is not used; MemAvailable leaves that out, and so is no measure of it.
func Used() (int64, error) {
	m, err := read()
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

// Memory is this machine's, in bytes (proc(5), MemTotal and MemAvailable in meminfo).
func Memory() (total, available int64, err error) {
	m, err := read()
	return m["MemTotal"], m["MemAvailable"], err
}

// read is /proc/meminfo, in bytes.
func read() (map[string]int64, error) {
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
