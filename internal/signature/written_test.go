package signature

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"strings"
	"testing"
)

// written are signatures that no tool at hand makes: what is on the device, by place. Below zero counts from the end.
var written = map[string]map[int64]string{
	"LVM2_member":        {512: lvmLabel()},
	"LVM1_member":        {0: "HM\x01\x00"},
	"DM_snapshot_cow":    {0: "SnAp"},
	"DM_verity_hash":     {0: "verity\x00\x00\x01\x00\x00\x00"},
	"DM_integrity":       {0: "integrt\x00\x01"},
	"VMFS":               {2 << 20: "\x5e\xf1\xab\x2f"},
	"VMFS_volume_member": {1 << 20: "\x0d\xd0\x01\xc0"},
	"vdo":                {0: "dmvdo001"},
	"drbd":               {-4096 + 60: "\x83\x74\x02\x6b", -4096 + 84: "\x00\x00\x10\x00"},
	"drbdproxy_datalog":  {0: "DRBDdlh*"},
	"BitLocker":          {0: "\xeb\x52\x90-FVE-FS-"},
	"swsuspend":          {1024: "\x01\x00\x00\x00\xff\x00\x00\x00", 4086: "S1SUSPEND\x00"},
	"swap":               {1024: "\x01\x00\x00\x00\xff\x00\x00\x00", 65526: "SWAPSPACE2"},
	"reiser4":            {65536: "ReIsEr4"},
	"hpfs":               {8192: "\x49\xe8\x95\xf9\xc5\xe9\x53\xfa", 8704: "\x49\x18\x91\xf9"},
	"hfs":                {1024: "BD", 1044: "\x00\x00\x10\x00"},
	"hfsplus":            {1024: "H+", 1064: "\x00\x00\x10\x00"},
	"ufs":                {8192 + 1372: "\x19\x01\x54\x19"},
	"sysv":               {512 + 504: "\x20\x7e\x18\xfd"},
	"xenix":              {2048: "\x2b\x55\x44"},
	"ReFS":               {0: "\x00\x00\x00ReFS\x00"},
	"romfs":              {0: "-rom1fs-"},
	"gfs2":               {65536: "\x01\x16\x19\x70", 65560: "\x00\x00\x07\x09\x00\x00\x07\x6c"},
	"ocfs2":              {4096: "OCFSV2"},
	"oracleasm":          {32: "ORCLDISK"},
	"vxfs":               {1024: "\xf5\xfc\x01\xa5"},
	"nss":                {4096: "SPB5"},
	"bfs":                {0: "\xce\xfa\xad\x1b"},
	"aix":                {0: "\xc9\xc2\xd4\xc1"},
	"mac":                {0: "ER\x02\x00", 512: "PM\x00\x00\x00\x00\x00\x01"},
	"xfs_external_log":   {512: "\xfe\xed\xba\xbe\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x02\x00", 512 + 300: "\x00\x00\x00\x01"},
	"ceph_bluestore":     {0: "bluestore block device"},
	"mpool":              {0: "mpoolDev"},
	"erofs":              {1024: "\xe2\xe1\xf5\xe0", 1024 + 12: "\x0c"},
	"apfs":               {24: "\x01", 32: "NXSB\x00\x10"},
}

// lvmLabel is that of a physical volume with its checksum (lvm2, lib/misc/crc.c).
func lvmLabel() string {
	b := make([]byte, 512)
	copy(b, "LABELONE")
	binary.LittleEndian.PutUint64(b[8:], 1)
	copy(b[20:], "\x20\x00\x00\x00LVM2 001")
	binary.LittleEndian.PutUint32(b[16:], ^crc32.Update(^uint32(0xf597a6cf), crc32.IEEETable, b[20:]))
	return string(b)
}

func TestAgreesOnWhatIsWritten(t *testing.T) {
	for name, parts := range written {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := device(t, "true", 64<<20)
			f, err := os.OpenFile(file, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for at, text := range parts {
				if at < 0 {
					at += 64 << 20
				}
				if _, err := f.WriteAt([]byte(text), at); err != nil {
					t.Fatal(err)
				}
			}
			if found := compare(t, file); len(found) != 1 || found[0].Type != name {
				t.Errorf("found %v", found)
			}
		})
	}
}

// What libblkid of Debian 12 knows by other marks, or wants more of than stands here.
func TestFindsAlone(t *testing.T) {
	for name, parts := range map[string]map[int64]string{
		"zfs_member":                {60<<20 + 768<<10 + 16<<10: "\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x24\x00\x00\x00\x20\x00\x00\x00\x07version"},
		"bsd":                       {512: "\x57\x45\x56\x82"},
		"drbdmanage_control_volume": {0: "$DRBDmgr=q"},
		"bcachefs":                  {2<<20 + 24: bcachefsMagic},
		"stratis":                   {4612: stratisMagic},
		"ubi":                       {0: "UBI#"},
	} {
		disk := make([]byte, 61<<20+5)
		for at, text := range parts {
			copy(disk[at:], text)
		}
		if found, err := Look(bytes.NewReader(disk), int64(len(disk))); err != nil || len(found) != 1 || found[0].Type != name {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

// broken is a disk of zeros that cannot be read from a place on.
type broken int64

func (b broken) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > int64(b) {
		return 0, errors.New("medium error")
	}
	return len(p), nil
}

// What cannot be read is said once for each place, not for each signature that may lie there.
func TestUnreadable(t *testing.T) {
	found, err := Look(broken(63<<20), 64<<20)
	if err == nil || len(found) > 0 || strings.Count(err.Error(), "medium error") > 5 {
		t.Errorf("found %v, %v", found, err)
	}
	for size := int64(0); size < 10000; size += 97 {
		if found, err := Look(bytes.NewReader(make([]byte, size)), size); err != nil || len(found) > 0 {
			t.Fatalf("on %d bytes: %v, %v", size, found, err)
		}
	}
}

// spot is a disk with one bad sector.
type spot struct {
	disk []byte
	bad  int64
}

func (s spot) ReadAt(p []byte, at int64) (int, error) {
	if at <= s.bad && s.bad < at+int64(len(p)) {
		return 0, errors.New("medium error")
	}
	return bytes.NewReader(s.disk).ReadAt(p, at)
}

// A bad sector hides none of the marks beside it, and makes the disk no blank one.
func TestBesideABadSector(t *testing.T) {
	disk := make([]byte, 1<<20)
	copy(disk[:], "UBI#")
	found, err := Look(spot{disk, 9000}, int64(len(disk)))
	if len(found) != 1 || found[0].Type != "ubi" || err == nil || strings.Count(err.Error(), "medium error") != 1 {
		t.Errorf("found %v, %v", found, err)
	}
}
