package spec

import (
	"encoding/hex"
	"strings"
	"time"
)

// Array is a set of disks that the kernel's md driver joins into one, at /dev/md/NAME.
type Array struct {
	// How the members share the data; an array of another level is not started.
	Level ArrayLevel `json:"level"`
	// Which array this is. Without it, the one called like the row.
	Match ArrayMatch `json:"match,omitzero" zero:"refused"`
	// Number of active members; an array made for another number is not started. Without it,
	// what the superblocks say.
	Members int `json:"members,omitempty" accept:"1 or more"`
	// How long to wait for members that have not come up before it starts without them, if it can.
	StartDegradedAfter *Duration `json:"start_degraded_after,omitempty" default:"30s"`
	// Start it when members are missing although writes were under way when it stopped: with
	// raid4, raid5 and raid6 what was written last may then be wrong without a trace.
	StartDirtyDegraded bool `json:"start_dirty_degraded,omitempty"`
	// What becomes of an array that bears the right name and another host's.
	Foreign Foreign `json:"foreign,omitempty" default:"refuse"`
	// Make the array at the first boot, of the disks of match.members, by mdadm. Every one of them must
	// be blank: no signature on it, no copy of a superblock or of a partition table, and zeros wherever it
	// is looked at (docs/nas.md).
	Create bool `json:"create,omitempty"`
}

// Patience is how long members are waited for that have not come up.
func (a Array) Patience() time.Duration {
	if a.StartDegradedAfter == nil { // a row that did not go through the schema
		return 0
	}
	return time.Duration(*a.StartDegradedAfter)
}

// ArrayMatch finds an array. All its members belong to it then, also those that came later.
type ArrayMatch struct {
	// The array's UUID, as "mdadm --detail" prints it.
	UUID ArrayUUID `json:"uuid,omitempty"`
	// Its name, without the host's.
	Name string `json:"name,omitempty" zero:"refused"`
	// Devices by which it is known where neither uuid nor name is given, any of them; with create, the
	// disks to make it of. Each is a device such as /dev/vda2, "serial=…" for a disk's serial number,
	// "partlabel=…" for the label of a GPT partition, or "serial=…,partlabel=…".
	Members []string `json:"members,omitempty" twice:"fine"`
}

// ArrayLevel is how an array's members share the data (md(4)).
type ArrayLevel string

// Number is the level in a superblock.
func (l ArrayLevel) Number() int {
	for i, word := range levels {
		if l == word {
			return levelNumbers[i]
		}
	}
	return -1
}

var (
	levels       = []ArrayLevel{"linear", "raid0", "raid1", "raid4", "raid5", "raid6", "raid10"}
	levelNumbers = []int{-1, 0, 1, 4, 5, 6, 10}
)

// UnmarshalText accepts the words above.
func (l *ArrayLevel) UnmarshalText(b []byte) error { return Choice(l, b, "a level", levels...) }

// Foreign is what becomes of another host's array.
type Foreign string

// What can become of it.
const (
	ForeignRefuse Foreign = "refuse"
	ForeignAccept Foreign = "accept"
)

// UnmarshalText accepts the words above.
func (f *Foreign) UnmarshalText(b []byte) error {
	return Choice(f, b, "what becomes of another host's array", ForeignRefuse, ForeignAccept)
}

// ArrayUUID is an array's identity: four groups of eight hexadecimal digits, joined by colons.
type ArrayUUID string

// UnmarshalText accepts 32 hexadecimal digits, with colons or hyphens between them.
func (u *ArrayUUID) UnmarshalText(b []byte) error {
	h := strings.ToLower(strings.NewReplacer(":", "", "-", "").Replace(string(b)))
	if _, err := hex.DecodeString(h); err != nil || len(h) != 32 {
		return Unaccepted(`32 hexadecimal digits, as "mdadm --detail" prints them`, "%q is not an array's UUID", b)
	}
	*u = ArrayUUID(h[:8] + ":" + h[8:16] + ":" + h[16:24] + ":" + h[24:])
	return nil
}
