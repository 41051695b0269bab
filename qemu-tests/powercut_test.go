package qemu_tests

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// How often the power fails: in an image that is read, in one that GRUB reads, and in one that is booted.
const (
	powerCuts   = 1000
	grubReads   = 36
	bootsOfCuts = 30
)

// A box takes a version that is good and then one that fails, and the power is cut at each of the writes of that. There is a good slot at
// any time, and what GRUB starts is whole.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	long(t)
	seed, err := strconv.ParseUint(os.Getenv("IMGBUILD_TEST_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with IMGBUILD_TEST_SEED=%d", seed)
	dice := rand.New(rand.NewPCG(1, seed))
	f := firmware{"BIOS", qemu.BIOS, nil, "", nil}
	key, public := release(t)
	first := f.version(t, public, "1", "", nil)
	stick := updates(t, key, f.version(t, public, "2", "", nil), f.version(t, public, "3", worse["failing check"].more, nil))
	writes := f.recordUpdates(t, first, stick)
	p := newPlatter(t, first.disk(t))
	isRecord := func(w write) bool { return w.in(p.record) }
	all := cuts(writes, isRecord, dice, powerCuts)
	if len(all) < powerCuts {
		t.Errorf("%d writes give %d cuts", len(writes), len(all))
	}
	read, every := 0, len(all)/grubReads
	if err := p.fails(writes, all, dice, func(n int) {
		if n%every == 0 {
			p.grubReads(t)
			read++
		}
	}); err != nil || read < grubReads {
		t.Fatalf("GRUB read %d: %v", read, err)
	}

	boots := append(evenly(slices.DeleteFunc(slices.Clone(all), func(c cut) bool { return !isRecord(writes[c.write]) }), bootsOfCuts/2), evenly(all, bootsOfCuts/2)...)
	for _, c := range boots {
		t.Run(fmt.Sprintf("boot after %d of %d writes and %d sectors", c.write, len(writes), c.sectors), func(t *testing.T) {
			t.Parallel()
			f.bootsAfter(t, first, writes, c)
		})
	}
}

// bootsAfter starts a box whose power was cut, from the slot that is foreseen, and demands that it ends on a good version.
func (f firmware) bootsAfter(t *testing.T, first appliance, writes []write, c cut) {
	t.Helper()
	disk := first.disk(t)
	replay(t, disk, writes, c)
	queue, _ := grubStarts(newPlatter(t, disk).copies())
	g := f.startDisk(t, first, disk, limit, nil)
	defer g.Kill()
	s := until(t, g, "version 1 or 2, which is good", func(s *report.State) bool {
		now := since(s)
		return (now["version"] == "1" || now["version"] == "2") && now["update.state"] == string(slot.Good) && now["boot.state"] != nil
	})
	at := slices.IndexFunc(s.Events, func(e report.Event) bool { return e.Kind == report.KindFact && e.Name == "update.slot" })
	if got := s.Events[at].Value; got != string(queue[0]) {
		t.Errorf("slot %v was started, want %v", got, queue)
	}
}

// updates is a disk with the versions, signed: the file 2/box.update is version 2.
func updates(t *testing.T, key string, versions ...appliance) string {
	t.Helper()
	dir, disk := t.TempDir(), filepath.Join(t.TempDir(), "updates")
	for _, a := range versions {
		signed(t, key, a.update())
		at := filepath.Join(dir, string(a.profile.Version))
		if err := os.Mkdir(at, 0o755); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("cp", a.update(), a.update()+slot.SignatureSuffix, at).CombinedOutput(); err != nil {
			t.Fatalf("cp: %v\n%s", err, out)
		}
	}
	if out, err := exec.Command(needed.Program(t, "mke2fs"), "-q", "-t", "ext4", "-L", "updates", "-d", dir, disk, "512M").CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v\n%s", err, out)
	}
	return disk
}

// recordUpdates has a box take version 2, which is good, and version 3, which it leaves again, and returns what it wrote to its disk.
func (f firmware) recordUpdates(t *testing.T, first appliance, stick string) []write {
	t.Helper()
	disk, log := first.disk(t), filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(log, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	g := f.startDisk(t, first, disk, 4*limit, func(c *qemu.Config) {
		recorded(disk, log)(c)
		c.Disks = append(c.Disks, qemu.Disk{ID: "updates", Path: stick, ReadOnly: true})
	})
	apply := func(version string) {
		inside(t, g, `mkdir /run/updates && mount -o ro "$(blkid -L updates)" /run/updates && uinitctl update apply /run/updates/`+version+`/box.update && umount /run/updates`)
		if _, err := g.Request(t.Context(), report.Request{Power: "reboot"}); err != nil {
			t.Fatal(err)
		}
	}
	itRuns(t, g, "1", slot.Good)
	apply("2")
	itRuns(t, g, "2", slot.Good)
	apply("3")
	until(t, g, "version 2, back from 3", func(s *report.State) bool {
		now := since(s)
		return now["version"] == "2" && now["update.other_version"] == "3" && now["update.other_state"] == string(slot.Bad) && now["boot.state"] != nil
	})
	off(t, g)
	writes := readLog(t, log)
	whole := first.disk(t)
	last := len(writes) - 1
	replay(t, whole, writes, cut{last, len(writes[last].data) / slot.Sector})
	if out, err := exec.Command("cmp", whole, disk).CombinedOutput(); err != nil {
		t.Fatalf("what was recorded is not what was written: %v\n%s", err, out)
	}
	return writes
}

// grubReads demands that GRUB finds the record and the menus of what it would start where they are looked for here.
func (p *platter) grubReads(t *testing.T) {
	t.Helper()
	cat := func(number int, name string) []byte {
		out, err := exec.Command(needed.Program(t, "grub-fstest"), p.file, "cat", fmt.Sprintf("(loop0,gpt%d)/%s", number, name)).Output()
		if err != nil {
			t.Fatalf("grub-fstest, %s of partition %d: %v", name, number, err)
		}
		return out
	}
	first, second := p.copies()
	if !bytes.Equal(cat(layout.RecordNumber, slot.RecordFile), first) || !bytes.Equal(cat(layout.RecordNumber, slot.CopyFile), second) {
		t.Error("GRUB reads another record")
	}
	queue, _ := grubStarts(first, second)
	for _, n := range queue {
		want, err := p.inArchive(n, "grub.cfg")
		if err != nil {
			t.Fatal(err)
		}
		if got := cat(map[slot.Name]int{slot.A: layout.SlotANumber, slot.B: layout.SlotBNumber}[n], "grub.cfg"); !bytes.Equal(got, want) {
			t.Errorf("GRUB reads %d bytes as the menu of slot %s, want %d", len(got), n, len(want))
		}
	}
}
