package signature

import (
	"bytes"
	"slices"
)

// volumes are what something else is made of: volume groups, encryption, caches, members of other systems' pools.
var volumes = []probe{
	marks(Volume, []mark{
		{name: "bcache", at: 4120, magic: bcacheMagic, label: field{4096 + 72, 32}},
		{name: "bcachefs", at: 4120, magic: bcachefsMagic, label: field{4096 + 72, 32}},
		{name: "bcachefs", at: 2<<20 + 24, magic: bcachefsMagic},
		{name: "bcachefs", at: -1<<20 + 24, magic: bcachefsMagic},
		{name: "ceph_bluestore", magic: "bluestore block device"},
		// The last block but one holds it, whatever the version (drbd_int.h, struct meta_data_on_disk).
		{name: "drbd", at: -4096 + 60, magic: "\x83\x74\x02\x6b"},
		{name: "drbd", at: -4096 + 60, magic: "\x83\x74\x02\x6c"},
		{name: "drbd", at: -4096 + 60, magic: "\x83\x74\x02\x6d"},
		{name: "drbdmanage_control_volume", magic: "$DRBDmgr=q"},
		{name: "LVM2_member", at: 536, magic: "LVM2 001", valid: label(512)},
		{name: "LVM2_member", at: 24, magic: "LVM2 001", valid: label(0)},
		{name: "LVM2_member", at: 1048, magic: "LVM2 001", valid: label(1024)},
		{name: "LVM2_member", at: 1560, magic: "LVM2 001", valid: label(1536)},
		{name: "LVM1_member", magic: "HM", valid: func(r look) bool { v := le.Uint16(r(2, 2)); return v == 1 || v == 2 }},
		{name: "DM_snapshot_cow", magic: "SnAp"},
		{name: "DM_verity_hash", magic: "verity\x00\x00"},
		{name: "DM_integrity", magic: "integrt\x00"},
		{name: "VMFS_volume_member", at: 1 << 20, magic: "\x0d\xd0\x01\xc0"},
		{name: "ubi", magic: "UBI#"},
		{name: "vdo", magic: "dmvdo001"},
		{name: "stratis", at: 516, magic: stratisMagic},
		{name: "stratis", at: 4612, magic: stratisMagic},
		{name: "BitLocker", magic: "\xeb", valid: func(r look) bool { return bitlocker(r(0, 512)) }},
		{name: "cs_fvault2", at: 88, magic: "CS", valid: func(r look) bool {
			return le.Uint16(r(8, 2)) == 1 && le.Uint16(r(10, 2)) == 0x10 && le.Uint32(r(90, 4)) == 1
		}},
	}),
	looking(luks), looking(zfs), looking(xfsLog),
}

const (
	bcacheMagic   = "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"
	bcachefsMagic = "\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef"
	stratisMagic  = "!Stra0tis\x86\xff\x02^\x41rh"
)

// label says that a physical volume's label begins at a place, and knows it (lvm2, lib/format_text/layout.h).
func label(offset int64) func(look) bool {
	return func(r look) bool {
		b := r(offset, 16)
		return string(b[:8]) == "LABELONE" && int64(le.Uint64(b[8:]))*512 == offset
	}
}

// bitlocker knows the three boot sectors of Windows' encryption; that of a stick is FAT's, but for a GUID.
func bitlocker(b []byte) bool {
	togo := []byte{0x3b, 0xd6, 0x67, 0x49, 0x29, 0x2e, 0xd8, 0x4a, 0x83, 0x99, 0xf6, 0xa3, 0x39, 0xe3, 0xd0, 0x01}
	return bytes.HasPrefix(b, []byte("\xeb\x52\x90-FVE-FS-")) || bytes.HasPrefix(b, []byte("\xeb\x58\x90-FVE-FS-")) ||
		bytes.HasPrefix(b, []byte("\xeb\x58\x90MSWIN4.1")) && bytes.Equal(b[424:440], togo)
}

// luks finds both headers of an encrypted device; the second one, of version 2, has nine places (LUKS2 On-Disk Format
// Specification, 2.1). Either opens it.
func luks(r look, _ int64) (found []Found) {
	for offset := int64(0); offset <= 4<<20; offset = max(2*offset, 16<<10) {
		b := r(offset, 264)
		version, magic := be.Uint16(b[6:]), "LUKS\xba\xbe"
		if offset > 0 {
			magic = "SKUL\xba\xbe"
		}
		if string(b[:6]) != magic || version == 2 && int64(be.Uint64(b[256:])) != offset || version != 2 && offset > 0 {
			continue
		}
		f := Found{Type: "crypto_LUKS", Kind: Volume, At: offset}
		if version == 2 {
			f.Name = text(b[24:72])
		}
		if offset > 0 {
			f.Part = "second header"
		}
		found = append(found, f)
	}
	return found
}

// zfs has four labels, two at each end, each with a list of names and values in XDR
// (OpenZFS, include/sys/vdev_impl.h).
func zfs(r look, size int64) []Found {
	const label, list = 256 << 10, 16 << 10
	end := size &^ (label - 1)
	for _, start := range []int64{0, label, end - 2*label, end - label} {
		b := r(start+list, 1024)
		if b[0] == 1 && b[1] <= 1 && be.Uint32(b[12:]) > 0 && slices.ContainsFunc([]string{"version", "name", "txg"}, func(key string) bool {
			return bytes.Contains(b, append([]byte{0, 0, 0, byte(len(key))}, key...))
		}) {
			return []Found{{Type: "zfs_member", Kind: Volume, At: start + list}}
		}
	}
	return nil
}

// xfsLog finds a log that lies beside its file system: one of its first records (fs/xfs/libxfs/xfs_log_format.h).
func xfsLog(r look, size int64) []Found {
	for offset := int64(0); offset < min(256<<10, size); offset += 512 {
		b := r(offset, 304)
		version, format := be.Uint32(b[8:]), be.Uint32(b[300:])
		switch {
		case string(b[:4]) == "XFSB":
			return nil
		case be.Uint32(b) == 0xfeedbabe && (version == 1 || version == 2) && be.Uint32(b[12:]) > 0 && 1 <= format && format <= 3:
			return []Found{{Type: "xfs_external_log", Kind: Volume, At: offset}}
		}
	}
	return nil
}
