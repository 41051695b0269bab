package qemu_tests

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// write is one that a disk was asked for, or a flush without any data.
type write struct {
	// at is where, in bytes of the disk.
	at   int64
	data []byte
	// flush is before it: what was written until then stays. kept says that it stays by itself.
	flush, kept bool
}

// Flags of entries of a log.
const (
	logFlush = 1 << iota
	logFUA
	logDiscard
)

// recorded has QEMU write down what a guest writes to a disk, which it starts from.
func recorded(disk, log string) func(c *qemu.Config) {
	return func(c *qemu.Config) {
		c.Disks = slices.DeleteFunc(c.Disks, func(d qemu.Disk) bool { return d.Path == disk })
		c.Extra = append(c.Extra,
			"-blockdev", "driver=blklogwrites,node-name=recorded,log-super-update-interval=1,file.driver=file,file.filename="+qemu.Escape(disk)+
				",log.driver=file,log.filename="+qemu.Escape(log),
			"-device", "virtio-blk-pci,drive=recorded,bootindex=0")
	}
}

// readLog reads it. The format is that of the kernel's dm-log-writes (drivers/md/dm-log-writes.c): a sector that counts entries, then each
// as a sector with its place and length, and its data.
func readLog(t *testing.T, name string) (writes []write) {
	t.Helper()
	log, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	if len(log) < slot.Sector || le.Uint64(log) != 0x6a736677736872 || le.Uint64(log[8:]) != 1 || le.Uint32(log[24:]) != slot.Sector {
		t.Fatalf("%s is no log of writes to sectors of %d bytes", name, slot.Sector)
	}
	at := int64(slot.Sector)
	for range le.Uint64(log[16:]) {
		sector, count, flags := int64(le.Uint64(log[at:])), int64(le.Uint64(log[at+8:])), le.Uint64(log[at+16:])
		if flags&logDiscard != 0 {
			t.Fatalf("%d sectors at %d are discarded, and nothing here does that", count, sector)
		}
		at += slot.Sector
		writes = append(writes, write{sector * slot.Sector, log[at : at+count*slot.Sector], flags&logFlush != 0, flags&logFUA != 0})
		at += count * slot.Sector
	}
	return writes
}

// cut is where the power fails: so many sectors of a write were written, and all before it.
type cut struct{ write, sectors int }

// cuts are as many as asked for, in their order: after each write, between all sectors of those that matters says matter, and by chance
// between sectors of the others.
func cuts(writes []write, matters func(write) bool, dice *rand.Rand, count int) []cut {
	all, rest := map[cut]bool{}, []cut(nil)
	for i, w := range writes {
		sectors := len(w.data) / slot.Sector
		if sectors == 0 {
			continue
		}
		all[cut{i, sectors}] = true
		for n := 1; n < sectors; n++ {
			if matters(w) {
				all[cut{i, n}] = true
			} else {
				rest = append(rest, cut{i, n})
			}
		}
	}
	for dice.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] }); len(all) < count && len(rest) > 0; rest = rest[1:] {
		all[rest[0]] = true
	}
	var sorted []cut
	for c := range all {
		sorted = append(sorted, c)
	}
	slices.SortFunc(sorted, func(a, b cut) int {
		if a.write != b.write {
			return a.write - b.write
		}
		return a.sectors - b.sectors
	})
	return sorted
}

// evenly picks so many of them.
func evenly[T any](all []T, count int) (some []T) {
	for i := range min(count, len(all)) {
		some = append(some, all[i*len(all)/count])
	}
	return some
}

// replay writes to an image what had reached the disk when the power failed.
func replay(t *testing.T, image string, writes []write, c cut) {
	t.Helper()
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, w := range writes[:c.write+1] {
		if i == c.write {
			w.data = w.data[:c.sectors*slot.Sector]
		}
		if _, err := f.WriteAt(w.data, w.at); err != nil {
			t.Fatal(err)
		}
	}
}
