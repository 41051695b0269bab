package md

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/direct"
	"github.com/imgbuild/imgbuild/internal/disk"
)

// Seen is what was read of a device: a member, or why it is none. Stacked says that it lies on another one, which may be a member.
type Seen struct {
	member  Member
	none    error
	stacked bool
}

// errUnready says that a device cannot be read yet, or has no medium.
var errUnready = errors.New("it is not ready")

// Look reads the superblocks of all disks and partitions, and which arrays run. A disk that a firmware made an array of is no
// member of ours, nor is what lies on a member. What was seen and has not been written to since is not read again.
func Look(disks *alone.Disks, seen *alone.Memo[Seen]) (State, error) {
	if seen == nil {
		seen = &alone.Memo[Seen]{}
	}
	sys := disks.Sys
	have := State{Unreadable: map[string]error{}, Parted: map[string]bool{}}
	entries, err := fs.ReadDir(sys, "class/block")
	if errors.Is(err, fs.ErrNotExist) {
		return have, nil // no block device has come up so far
	}
	if err != nil {
		return have, err
	}
	for _, e := range entries {
		if on := parted(e.Name()); on != e.Name() {
			have.Parted[on] = true
		}
	}
	taken := map[string]bool{}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "md") { // as the driver calls all of them (add_named_array, md_probe)
			continue
		}
		if a, ok := running(sys, e.Name()); ok {
			have.Running = append(have.Running, a)
			for _, m := range a.Members {
				taken[m] = true
			}
		}
	}
	var names []string
	for _, e := range entries {
		if !taken[e.Name()] {
			names = append(names, e.Name())
		}
	}
	inside := insides(disks)
	for i, s := range sideBySide(names, func(name string) Seen { return see(disks, seen, inside, name) }) {
		name := names[i]
		if errors.Is(s.none, errUnready) || errors.Is(s.none, ErrNone) || s.stacked && inside(name) {
			continue
		}
		if s.none != nil {
			have.Unreadable[name] = s.none
			continue
		}
		m := s.member
		m.Busy = held(sys, name)
		have.Members = append(have.Members, m)
	}
	return have, nil
}

// see reads a device, or knows it from before.
func see(disks *alone.Disks, seen *alone.Memo[Seen], inside func(string) bool, name string) Seen {
	s, err := seen.Of(disks.Sys, name, func() (Seen, error) {
		if skip(disks.Sys, name) {
			return Seen{}, errUnready
		}
		s := Seen{stacked: len(alone.MadeOf(disks.Sys, name)) > 0}
		if s.stacked && inside(name) {
			return s, errUnready
		}
		s.member, s.none = look(disks, name)
		if errors.Is(s.none, ErrNone) || errors.Is(s.none, ErrDamaged) {
			return s, nil
		}
		return s, s.none
	})
	s.none = cmp.Or(err, s.none)
	return s
}

// insides says of devices whether they lie on a member; of the partitions of a disk it is asked once.
func insides(disks *alone.Disks) func(name string) bool {
	var mu sync.Mutex
	parts := map[string]bool{}
	return func(name string) bool {
		on := alone.Disk(disks.Sys, name)
		if on == name {
			return disks.Disk(name) != nil
		}
		mu.Lock()
		defer mu.Unlock()
		if _, known := parts[on]; !known {
			parts[on] = disks.Disk(name) != nil
		}
		return parts[on]
	}
}

// parted is the disk that has a partition of that name, if there is such a disk: sda of sda1, nvme0n1 of nvme0n1p1.
func parted(name string) string {
	disk := strings.TrimRight(name, "0123456789")
	if short, ok := strings.CutSuffix(disk, "p"); ok && short != "" && '0' <= short[len(short)-1] && short[len(short)-1] <= '9' {
		return short
	}
	return disk
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
	// Both look at the end of the disk.
	r := direct.Blocks(f, int64(m.Sectors)*512)
	if m.Super, err = Read(r, m.Sectors); err != nil {
		return m, err
	}
	if e := disks.FirmwareIn(name, r); e != nil {
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
