package md

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/disk"
)

// Seen is what was read of a device: a member, or why it is none.
type Seen struct {
	member Member
	none   error
}

// Look reads the superblocks of all disks and partitions, and which arrays run. A disk that a firmware made an array of is no
// member of ours, nor is what lies on a member. What was seen and has not been written to since is not read again.
func Look(disks *alone.Disks, seen *alone.Memo[Seen]) (State, error) {
	if seen == nil {
		seen = &alone.Memo[Seen]{}
	}
	sys := disks.Sys
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
	parts := map[string]bool{} // whether those of a disk lie on a member
	inside := func(name string) bool {
		on := alone.Disk(sys, name)
		if on == name {
			return disks.Disk(name) != nil
		}
		if _, known := parts[on]; !known {
			parts[on] = disks.Disk(name) != nil
		}
		return parts[on]
	}
	for _, e := range entries {
		name := e.Name()
		if taken[name] || skip(sys, name) || inside(name) {
			continue
		}
		s, err := seen.Of(sys, name, func() (Seen, error) {
			m, err := look(disks, name)
			if errors.Is(err, ErrNone) || errors.Is(err, ErrDamaged) {
				return Seen{none: err}, nil
			}
			return Seen{member: m}, err
		})
		m, err := s.member, cmp.Or(err, s.none)
		m.Busy = err == nil && held(sys, name)
		switch {
		case err == nil:
			have.Members = append(have.Members, m)
		case !errors.Is(err, ErrNone):
			have.Unreadable[name] = err
		}
	}
	return have, nil
}

func skip(sys fs.FS, name string) bool {
	return alone.Never(name) || alone.Sectors(sys, name) == 0 || !alone.Ready(sys, name)
}

func look(disks *alone.Disks, name string) (Member, error) {
	sys := disks.Sys
	m := Member{Device: name, Number: attribute(sys, name, "dev"), Sectors: sectors(sys, name)}
	f, err := disks.Open(name)
	if err != nil {
		return m, err
	}
	defer f.Close()
	if m.Super, err = Read(f, m.Sectors); err != nil {
		return m, err
	}
	if e := disks.Firmware(name); e != nil {
		return m, e
	}
	describe(sys, &m)
	return m, nil
}

// held says that something is made of a device.
func held(sys fs.FS, name string) bool {
	holders, _ := fs.ReadDir(sys, path.Join("class/block", name, "holders"))
	return len(holders) > 0
}

// describe adds what a person and a profile know a device by.
func describe(sys fs.FS, m *Member) {
	on := alone.Disk(sys, m.Device)
	if on != m.Device {
		m.Label = eventValue(sys, m.Device, "PARTNAME")
	}
	m.Serial, m.Address = disk.Serial(sys, on), disk.Address(sys, on)
}

func attribute(sys fs.FS, name, file string) string {
	b, _ := fs.ReadFile(sys, path.Join("class/block", name, file))
	return strings.TrimSpace(string(b))
}

func sectors(sys fs.FS, name string) uint64 { return uint64(alone.Sectors(sys, name)) }

// partitioned says whether a disk has partitions.
func partitioned(sys fs.FS, name string) bool { return len(alone.Partitions(sys, name)) > 0 }

func eventValue(sys fs.FS, name, key string) string {
	for line := range strings.Lines(attribute(sys, name, "uevent")) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), key+"="); ok {
			return value
		}
	}
	return ""
}
