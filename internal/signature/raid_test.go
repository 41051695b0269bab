package signature

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func TestMD(t *testing.T) {
	const sectors = 5000
	for name, tt := range map[string]struct {
		major  uint32
		sector int
	}{"1.2": {1, 8}, "1.1": {1, 0}, "1.0": {1, (sectors - 16) &^ 7}, "0.90": {0, sectors&^127 - 128}} {
		disk := make([]byte, sectors*512)
		if found, err := Look(bytes.NewReader(disk), int64(len(disk))); err != nil || len(found) > 0 {
			t.Errorf("%s: on a blank disk: %v, %v", name, found, err)
		}
		b := disk[tt.sector*512:]
		binary.LittleEndian.PutUint32(b, 0xa92b4efc)
		binary.LittleEndian.PutUint32(b[4:], tt.major)
		if tt.major == 1 {
			binary.LittleEndian.PutUint64(b[144:], uint64(tt.sector))
		}
		found, err := Look(bytes.NewReader(disk), int64(len(disk)))
		if err != nil || len(found) != 1 || found[0].Type != "linux_raid_member" || found[0].At != int64(tt.sector*512) {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}
