package md

import "testing"

func TestCopyTable(t *testing.T) {
	const dump = `label: gpt
label-id: 11111111-2222-3333-4444-555555555555
device: /dev/sda
unit: sectors
first-lba: 34
last-lba: 131038
sector-size: 512

/dev/sda1 : start=        2048, size=       32768, type=A19D880F-05FC-4D3B-A006-743F0F84911E, uuid=AAAAAAAA-2222-3333-4444-555555555555, name="data"
/dev/sda3 : start=       34816, size=       32768, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=BBBBBBBB-2222-3333-4444-555555555555
`
	const want = `label: gpt
first-lba: 34
1 : start=        2048, size=       32768, type=A19D880F-05FC-4D3B-A006-743F0F84911E, name="data"
3 : start=       34816, size=       32768, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4
`
	if got := CopyTable(dump); got != want {
		t.Errorf("got\n%s", got)
	}
	for _, tt := range [][3]string{{"sdb", "sda3", "sdb3"}, {"nvme1n1", "nvme0n1p12", "nvme1n1p12"}, {"vdc", "nvme0n1p1", "vdc1"}} {
		if got := PartitionOf(tt[0], tt[1]); got != tt[2] {
			t.Errorf("PartitionOf(%s, %s) = %s, want %s", tt[0], tt[1], got, tt[2])
		}
	}
}
