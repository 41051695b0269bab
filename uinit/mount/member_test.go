package mount

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// A file system that lies on a member of an array is found through the array only.
func TestMemberOfArray(t *testing.T) {
	const n = 5000
	for name, sector := range map[string]int{"1.2": 8, "1.1": 0, "1.0": (n - 16) &^ 7, "0.90": n&^127 - 128} {
		disk := make([]byte, n*512)
		if memberOfArray(bytes.NewReader(disk)) {
			t.Errorf("%s: a blank disk counts as a member", name)
		}
		binary.LittleEndian.PutUint32(disk[sector*512:], 0xa92b4efc)
		if !memberOfArray(bytes.NewReader(disk)) {
			t.Errorf("%s: the superblock at sector %d is not seen", name, sector)
		}
	}
}
