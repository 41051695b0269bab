package signature

import "testing"

// Whatever lies at the start and at the end of a disk, each signature lies on it and is of a known kind, and looking falls over nothing.
func FuzzLook(f *testing.F) {
	f.Add([]byte("XFSB"), viaMark(2), uint16(1))
	f.Add(append(make([]byte, 512), "EFI PART\x00\x00\x01\x00\x5c\x00\x00\x00"...), []byte{}, uint16(0))
	f.Add(append(make([]byte, 4096-10), "SWAPSPACE2"...), ddfMark(1<<18, 1, true)[0].bytes, uint16(1))
	f.Add(append(make([]byte, 512), "LABELONE\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x20\x00\x00\x00LVM2 001"...), []byte{}, uint16(0))
	known := map[Kind]bool{Filesystem: true, RAID: true, Volume: true, Swap: true, Partitions: true}
	f.Fuzz(func(t *testing.T, start, end []byte, back uint16) {
		disk := make([]byte, 1<<18)
		copy(disk, start)
		copy(disk[max(0, len(disk)-512*int(back)):], end)
		found, err := Look(bytesAt(disk), int64(len(disk)))
		if err != nil {
			t.Error(err)
		}
		for _, s := range found {
			if s.At < 0 || s.At >= int64(len(disk)) || !known[s.Kind] || s.Type == "" {
				t.Errorf("%+v", s)
			}
		}
	})
}
