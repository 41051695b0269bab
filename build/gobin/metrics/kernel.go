package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// kernel are files below /proc that were opened by somebody with the right to (proc(5)). Each reading starts anew.
type kernel struct{ loadavg, meminfo, stat io.ReaderAt }

// maxProc bounds a file of the kernel's in bytes; /proc/stat has a line for each processor, and one as long as there are
// interrupts.
const maxProc = 1 << 20

func text(f io.ReaderAt) io.Reader { return io.NewSectionReader(f, 0, maxProc) }

// load is the load average of 1, 5 and 15 minutes.
func (k kernel) load() (load [3]float64, err error) {
	b, err := io.ReadAll(text(k.loadavg))
	if err != nil {
		return load, fmt.Errorf("reading the load: %w", err)
	}
	f := strings.Fields(string(b))
	if len(f) < len(load) {
		return load, fmt.Errorf("reading the load: %d fields", len(f))
	}
	for i := range load {
		if load[i], err = strconv.ParseFloat(f[i], 64); err != nil {
			return load, fmt.Errorf("reading the load: %w", err)
		}
	}
	return load, nil
}

// memory are fields of meminfo by their names, in bytes.
func (k kernel) memory() (map[string]float64, error) {
	fields := map[string]float64{}
	lines := bufio.NewScanner(text(k.meminfo))
	for lines.Scan() {
		name, rest, _ := strings.Cut(lines.Text(), ":")
		if n, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 53); err == nil {
			fields[name] = float64(n << 10)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the memory: %w", err)
	}
	return fields, nil
}

var errNoBootTime = errors.New("reading the time of the boot: there is no line btime")

// bootTime is when the kernel started, in seconds since 1970.
func (k kernel) bootTime() (float64, error) {
	lines := bufio.NewScanner(text(k.stat))
	lines.Buffer(nil, maxProc)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "btime "); ok {
			return strconv.ParseFloat(strings.TrimSpace(rest), 64)
		}
	}
	return 0, errors.Join(lines.Err(), errNoBootTime)
}
