package md

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/alone"
)

// Find returns the device that each text of a profile means (see Member.Is), in their order. Complete says
// that there is exactly one for each; an error, that a text means two.
func Find(sys fs.FS, texts []string) (found []Member, complete bool, err error) {
	entries, _ := fs.ReadDir(sys, "class/block")
	var all []Member
	for _, e := range entries {
		name := e.Name()
		if skip(sys, name) {
			continue
		}
		m := Member{Device: name, Number: attribute(sys, name, "dev"), Sectors: sectors(sys, name)}
		describe(sys, &m)
		all = append(all, m)
	}
	for _, text := range texts {
		var these []Member
		for _, m := range all {
			// A disk's serial number alone means the disk, not its partitions.
			if m.Is(text) && (strings.Contains(text, "partlabel=") || !strings.Contains(text, "serial=") || attribute(sys, m.Device, "partition") == "") {
				these = append(these, m)
			}
		}
		if len(these) > 1 {
			return nil, false, fmt.Errorf("%s stands for %s", text, names(these))
		}
		found = append(found, these...)
	}
	return found, len(found) == len(texts), nil
}

// margin is where partition tables, file systems and superblocks keep their marks, at both ends.
const margin = 1 << 20

// Blank says whether a device shows no sign of ever having been used: zero in its first and its last MiB.
func Blank(f io.ReaderAt, n uint64) (bool, error) {
	block := aligned(64 << 10)
	zero := make([]byte, len(block))
	size := int64(n) * 512
	if size < 2*margin {
		return false, nil
	}
	for _, start := range []int64{0, (size - margin) &^ (blockSize - 1)} {
		for at := start; at < start+margin && at+int64(len(block)) <= size; at += int64(len(block)) {
			if _, err := f.ReadAt(block, at); err != nil {
				return false, fmt.Errorf("looking whether it is blank: %w", err)
			}
			if !bytes.Equal(block, zero) {
				return false, nil
			}
		}
	}
	// What lies in the last piece that no full block of the above covers.
	tail := aligned(blockSize)
	if _, err := f.ReadAt(tail, (size-blockSize)&^511); err != nil {
		return false, fmt.Errorf("looking whether it is blank: %w", err)
	}
	return bytes.Equal(tail, zero[:blockSize]), nil
}

// Blank says for each device whether it is blank; see the function.
func (k System) Blank(members []Member) (used []Member, err error) {
	for _, m := range members {
		f, err := alone.Open(m.Device)
		if err != nil {
			return nil, err
		}
		blank, err := Blank(f, m.Sectors)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m, err)
		}
		if !blank || partitioned(k.Sys, m.Device) {
			used = append(used, m)
		}
	}
	return slices.Clip(used), nil
}
