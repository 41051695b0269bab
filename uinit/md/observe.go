package md

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/disk"
)

// Device is an open disk or partition.
type Device interface {
	io.ReaderAt
	io.Closer
}

// Look reads the superblocks of all disks and partitions, and which arrays run. Open opens a device by its
// name in /sys/class/block; what it reads must come from the disk, not from a cache.
func Look(sys fs.FS, open func(name string) (Device, error)) (State, error) {
	have := State{Unreadable: map[string]error{}}
	entries, err := fs.ReadDir(sys, "class/block")
	if errors.Is(err, fs.ErrNotExist) {
		return have, nil // no block device has come up so far
	}
	if err != nil {
		return have, err
	}
	taken := map[string]bool{}
	for _, e := range entries {
		if a, ok := running(sys, e.Name()); ok {
			have.Running = append(have.Running, a)
			for _, m := range a.Members {
				taken[m] = true
			}
		}
	}
	for _, e := range entries {
		name := e.Name()
		if taken[name] || skip(sys, name) {
			continue
		}
		m, err := look(sys, name, open)
		switch {
		case err == nil:
			have.Members = append(have.Members, m)
		case !errors.Is(err, ErrNone):
			have.Unreadable[name] = err
		}
	}
	return have, nil
}

// never are devices that no array is made of, and that make noise or take time when opened.
var never = []string{"ram", "zram", "sr", "fd"}

func skip(sys fs.FS, name string) bool {
	prefix := strings.TrimRight(name, "0123456789")
	// Not ready yet: see ready in uinit/mount.
	mark := "bdi"
	if attribute(sys, name, "partition") != "" {
		mark = "holders"
	}
	_, err := fs.Stat(sys, path.Join("class/block", name, mark))
	return err != nil || slices.Contains(never, prefix) || sectors(sys, name) == 0
}

func look(sys fs.FS, name string, open func(string) (Device, error)) (Member, error) {
	m := Member{Device: name, Number: attribute(sys, name, "dev"), Sectors: sectors(sys, name)}
	f, err := open(name)
	if err != nil {
		return m, err
	}
	defer f.Close()
	if m.Super, err = Read(f, m.Sectors); err != nil {
		return m, err
	}
	if m.Super.Version == "0.90" && partitioned(sys, name) {
		return m, ErrNone // it is that of the last partition, which ends where the disk does
	}
	holders, _ := fs.ReadDir(sys, path.Join("class/block", name, "holders"))
	m.Busy = len(holders) > 0
	describe(sys, &m)
	return m, nil
}

// describe adds what a person and a profile know a device by.
func describe(sys fs.FS, m *Member) {
	on := m.Device
	if attribute(sys, m.Device, "partition") != "" {
		on = parent(sys, m.Device)
		m.Label = eventValue(sys, m.Device, "PARTNAME")
	}
	m.Serial, m.Address = disk.Serial(sys, on), disk.Address(sys, on)
}

func attribute(sys fs.FS, name, file string) string {
	b, _ := fs.ReadFile(sys, path.Join("class/block", name, file))
	return strings.TrimSpace(string(b))
}

func sectors(sys fs.FS, name string) uint64 {
	n, _ := strconv.ParseUint(attribute(sys, name, "size"), 10, 64)
	return n
}

// partitioned says whether a disk has partitions.
func partitioned(sys fs.FS, name string) bool {
	entries, _ := fs.ReadDir(sys, path.Join("class/block", name))
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		_, err := fs.Stat(sys, path.Join("class/block", name, e.Name(), "partition"))
		return err == nil
	})
}

func eventValue(sys fs.FS, name, key string) string {
	for line := range strings.Lines(attribute(sys, name, "uevent")) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), key+"="); ok {
			return value
		}
	}
	return ""
}
