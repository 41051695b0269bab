package deb

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// firmwareLists are where apt keeps the lists of firmwareTarget, below the state's directory.
const firmwareLists = "state/lists/*_non-free-firmware_Contents-*"

// firmwareTarget has apt fetch which files the packages of Debian's non-free-firmware have: 17 kB, with the lists of packages and as well
// vouched for. It is fetched where a suite has that component, whether or not the sources name it: so a person hears what there would be.
var firmwareTarget = [][2]string{
	{"MetaKey", "non-free-firmware/Contents-$(ARCHITECTURE)"},
	{"ShortDescription", "Firmware"},
	{"Description", "$(RELEASE) files of firmware"},
	{"KeepCompressed", "false"},
}

// Firmware says which package of Debian's non-free-firmware has which file below /lib/firmware, as far as the lists say so that are there:
// it asks no mirror. Of several packages it is the first.
func (a *Apt) Firmware(ctx context.Context) (packages map[string]string, err error) {
	dir, err := a.cache.State("apt")
	if err != nil {
		return nil, err
	}
	lists, err := filepath.Glob(filepath.Join(dir, firmwareLists))
	if err != nil || len(lists) == 0 {
		return nil, err
	}
	if believed, err := a.CheckLists(ctx); err != nil || !believed {
		return nil, err
	}
	packages = map[string]string{}
	for _, list := range lists {
		if err := readContents(list, packages); err != nil {
			return nil, fmt.Errorf("reading which packages have firmware: %w", err)
		}
	}
	return packages, nil
}

// readContents reads lines of a path and, after the last space, the packages that have it, each with its section
// (https://wiki.debian.org/DebianRepository/Format, "Contents" indices).
func readContents(list string, packages map[string]string) (err error) {
	f, err := os.Open(list)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimPrefix(lines.Text(), "usr/")
		end := strings.LastIndexByte(line, ' ')
		file, firmware := strings.CutPrefix(line[:max(end, 0)], "lib/firmware/")
		if file = strings.TrimSpace(file); !firmware || packages[file] != "" {
			continue
		}
		first, _, _ := strings.Cut(line[end+1:], ",")
		packages[file] = path.Base(first)
	}
	return lines.Err()
}
