package layout_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/layout"
)

const mib = 1 << 20

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		contents layout.Contents
		want     string // sectors of the disk, then name start+size
	}{
		{layout.Contents{ESP: 40 * mib}, "86016 esp 2048+81920"},
		{layout.Contents{ESP: 1}, "6144 esp 2048+2048"},
		{layout.Contents{Boot: 1, ESP: mib + 1}, "8192 bios-boot 34+2014 esp 2048+4096"},
		{layout.Contents{Boot: 2014 * 512, ESP: mib, State: 64 * mib},
			"137216 bios-boot 34+2014 esp 2048+2048 state 4096+131072"},
		{layout.Contents{Boot: 2014*512 + 1, ESP: mib}, "GRUB's core has 1031169 bytes, there is room for 1031168"},
		{layout.Contents{Boot: 1}, "sizes of 1, 0, 0 and 0 bytes"},
		{layout.Contents{ESP: mib, State: -1}, "sizes of 0, 1048576, 0 and -1 bytes"},
		{layout.Contents{Boot: 1, ESP: mib, Slot: 3*mib - 1, State: mib},
			"22528 bios-boot 34+2014 esp 2048+2048 record 4096+2048 slot-a 6144+6144 slot-b 12288+6144 state 18432+2048"},
		{layout.Contents{ESP: mib, Slot: mib}, "it has slots and no GRUB, which counts on the numbers of their partitions"},
	} {
		d, err := layout.Plan("headless", c.contents)
		got := fmt.Sprint(d.Sectors)
		for _, p := range d.Partitions {
			got += fmt.Sprintf(" %s %d+%d", p.Name, p.Start, p.Size)
		}
		if err != nil {
			_, got, _ = strings.Cut(err.Error(), "laying out the disk of headless: ")
		}
		if got != c.want {
			t.Errorf("%+v:\ngot  %s\nwant %s", c.contents, got, c.want)
		}
	}
}

// GRUB on a disk that was written long ago goes by these numbers.
func TestNumbersOfSlots(t *testing.T) {
	d, err := layout.Plan("x", layout.Contents{Boot: 1, ESP: mib, Slot: mib})
	if err != nil {
		t.Fatal(err)
	}
	for name, number := range map[string]int{"record": layout.RecordNumber, "slot-a": layout.SlotANumber, "slot-b": layout.SlotBNumber} {
		if got := d.Partitions[number-1].Name; got != name {
			t.Errorf("partition %d is %s, want %s", number, got, name)
		}
	}
}

// TestPartitionsNeverOverlap tries sizes around every boundary.
func TestPartitionsNeverOverlap(t *testing.T) {
	sizes := []int64{1, 511, 512, 513, mib - 512, mib - 1, mib, mib + 1, 33 * 512, 3*mib - 33*512, 1 << 40}
	for _, esp := range sizes {
		for _, state := range append(sizes, 0) {
			d, err := layout.Plan("x", layout.Contents{Boot: 1000, ESP: esp, State: state})
			if err != nil {
				t.Fatal(err)
			}
			next := int64(layout.FirstUsable)
			for _, p := range d.Partitions {
				if p.Start < next || p.Size <= 0 || p.Name != "bios-boot" && (p.Start%2048 != 0 || p.Size%2048 != 0) {
					t.Errorf("esp %d, state %d: %+v, free from %d", esp, state, p, next)
				}
				next = p.Start + p.Size
			}
			if next+layout.TableSectors > d.Sectors || d.Sectors%2048 != 0 {
				t.Errorf("esp %d, state %d: ends at %d of %d", esp, state, next, d.Sectors)
			}
			if d.Find("esp").Bytes() < esp || state > 0 && d.Find("state").Bytes() < state {
				t.Errorf("esp %d, state %d: %+v", esp, state, d.Partitions)
			}
		}
	}
}

func TestIdentifiersDependOnNameAndPurposeOnly(t *testing.T) {
	seen := map[layout.GUID]string{}
	for _, name := range []string{"headless", "headlessd", "nas"} {
		for _, what := range []string{"disk", "esp", "state", "isk"} {
			g := layout.Derive(name, what)
			if other, taken := seen[g]; taken || g != layout.Derive(name, what) {
				t.Errorf("%s %s: %s, as %s", name, what, g, other)
			}
			seen[g] = name + " " + what
			if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(g.String()) {
				t.Errorf("%s is no UUID of version 8", g)
			}
		}
	}
	// A change of this one makes every image ever written a stranger to its update.
	if got, want := layout.Derive("headless", "disk").String(), "e41f721e-9048-87a8-ad18-0234cfc0d6ff"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTextAndStoredOrder(t *testing.T) {
	for guid, want := range map[layout.GUID]string{
		layout.Slot:       "1e02468c-c72d-8251-b034-9b4648b6c353",
		layout.SlotRecord: "7e0ab8ce-f9a5-8df8-adb1-69aebb7ebea7",
		layout.BIOSBoot:   "21686148-6449-6e6f-744e-656564454649 Hah!IdontNeedEFI",
		layout.ESP:        "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
		layout.LinuxData:  "0fc63daf-8483-4772-8e79-3d69d8477de4",
	} {
		mixed := guid.Mixed()
		text, stored, _ := strings.Cut(want, " ")
		if guid.String() != text || stored != "" && string(mixed[:]) != stored {
			t.Errorf("got %s %q, want %s", guid, mixed, want)
		}
	}
}
