package signature

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// physical is what "pvcreate; vgcreate my-group" writes, as far as it matters here.
func physical(group string) []byte {
	b := make([]byte, 2<<20)
	le := binary.LittleEndian
	label := b[512:]
	copy(label, "LABELONE\x01")
	le.PutUint32(label[20:], 32)
	copy(label[24:], "LVM2 001")
	copy(label[32:], "iU0stcYBtN9VauS3Si2HPBigNeOHTcj1")
	le.PutUint64(label[64:], uint64(len(b)))
	le.PutUint64(label[72:], 1<<20) // the data
	le.PutUint64(label[104:], 4096) // the metadata
	le.PutUint64(label[112:], 1<<20-4096)
	area := b[4096:]
	copy(area[4:], "\x20LVM2\x20x[5A%r0N*>")
	le.PutUint32(area[20:], 1)
	le.PutUint64(area[24:], 4096)
	le.PutUint64(area[32:], 1<<20-4096)
	le.PutUint64(area[40:], 512)
	copy(area[512:], group+" {\nid = \"7IdHGI\"\n")
	return b
}

func TestVolumeGroup(t *testing.T) {
	b := physical("my-group")
	if got := VolumeGroup(bytes.NewReader(b), int64(len(b))); got != "my-group" {
		t.Errorf("the group is %q", got)
	}
	if got := VolumeGroup(bytes.NewReader(make([]byte, 4096)), 4096); got != "" {
		t.Errorf("zeros are of the group %q", got)
	}
	// Damaged: places beyond the device, a name without an end.
	for _, at := range []int{512 + 20, 512 + 104, 4096 + 40, 4096 + 4} {
		bad := bytes.Clone(b)
		copy(bad[at:], "\xff\xff\xff\xff\xff\xff\xff\x7f")
		if got := VolumeGroup(bytes.NewReader(bad), int64(len(bad))); got != "" {
			t.Errorf("damaged at %d: the group is %q", at, got)
		}
	}
}
