package signature

import (
	"encoding/binary"
	"strings"
)

var le, be = binary.LittleEndian, binary.BigEndian

// filesystems are known by their marks. Those of one type stand together. The places are from the kernel's headers of each
// (fs/*/ and include/uapi/linux/magic.h), and for what Linux does not read, from libblkid's.
var filesystems = marks(Filesystem, []mark{
	{name: "xfs", magic: "XFSB", label: field{108, 12}, valid: func(r look) bool { return xfs(r(0, 120)) }},
	{name: "exfs", magic: "EXFS"},
	{name: "reiserfs", at: 65588, magic: "ReIsEr2Fs", label: field{65636, 16}},
	{name: "reiserfs", at: 65588, magic: "ReIsEr3Fs", label: field{65636, 16}},
	{name: "reiserfs", at: 65588, magic: "ReIsErFs"},
	{name: "reiserfs", at: 8244, magic: "ReIsErFs"},
	{name: "reiserfs", at: 8212, magic: "ReIsErFs"},
	{name: "reiser4", at: 65536, magic: "ReIsEr4"},
	{name: "jfs", at: 32768, magic: "JFS1", label: field{32768 + 152, 16}},
	{name: "udf", at: 32769, magic: "BEA01", valid: udf},
	{name: "udf", at: 32769, magic: "CD001", valid: udf},
	{name: "iso9660", at: 32769, magic: "CD001", label: field{32808, 32}},
	{name: "iso9660", at: 32777, magic: "CDROM"},
	{name: "hfsplus", at: 1024, magic: "H+", valid: hfsplus},
	{name: "hfsplus", at: 1024, magic: "HX", valid: hfsplus},
	{name: "hfsplus", at: 1024, magic: "BD", valid: embedded},
	{name: "hfs", at: 1024, magic: "BD", valid: func(r look) bool { return !embedded(r) && be.Uint32(r(1044, 4)) != 0 && be.Uint32(r(1044, 4))%512 == 0 }},
	{name: "hpfs", at: 8192, magic: "\x49\xe8\x95\xf9"},
	{name: "xenix", at: 2048, magic: "\x2b\x55\x44"},
	{name: "xenix", at: 2048, magic: "\x44\x55\x2b"},
	{name: "ntfs", at: 3, magic: "NTFS    "},
	{name: "ReFS", magic: "\x00\x00\x00ReFS\x00"},
	{name: "cramfs", magic: "\x45\x3d\xcd\x28", label: field{48, 16}},
	{name: "cramfs", magic: "\x28\xcd\x3d\x45", label: field{48, 16}},
	{name: "romfs", magic: "-rom1fs-"},
	{name: "scoutfs_meta", at: 65540, magic: "\x8b\x42\x3c\x10"},
	{name: "gfs", at: 65536, magic: "\x01\x16\x19\x70", valid: func(r look) bool { v := be.Uint32(r(65560, 4)); return 1300 <= v && v < 1400 }},
	{name: "gfs2", at: 65536, magic: "\x01\x16\x19\x70", valid: func(r look) bool { v := be.Uint32(r(65560, 4)); return 1800 <= v && v < 1900 }},
	{name: "ocfs", at: 8192, magic: "OracleCFS"},
	{name: "ocfs2", at: 1024, magic: "OCFSV2"},
	{name: "ocfs2", at: 2048, magic: "OCFSV2"},
	{name: "ocfs2", at: 4096, magic: "OCFSV2"},
	{name: "ocfs2", at: 8192, magic: "OCFSV2"},
	{name: "oracleasm", at: 32, magic: "ORCLDISK"},
	{name: "vxfs", at: 1024, magic: "\xf5\xfc\x01\xa5"},
	{name: "vxfs", at: 8192, magic: "\xa5\x01\xfc\xf5"},
	{name: "squashfs", magic: "hsqs", valid: func(r look) bool { return le.Uint16(r(28, 2)) >= 4 }},
	{name: "squashfs3", magic: "hsqs", valid: func(r look) bool { return le.Uint16(r(28, 2)) < 4 }},
	{name: "squashfs3", magic: "sqsh"},
	{name: "nss", at: 4096, magic: "SPB5"},
	{name: "btrfs", at: 65600, magic: "_BHRfS_M", label: field{65536 + 299, 256}},
	{name: "ubifs", magic: "\x31\x18\x10\x06"},
	{name: "bfs", magic: "\xce\xfa\xad\x1b"},
	{name: "VMFS", at: 2 << 20, magic: "\x5e\xf1\xab\x2f"},
	{name: "befs", at: 32, magic: "BFS1", label: field{0, 32}},
	{name: "befs", at: 32, magic: "1SFB", label: field{0, 32}},
	{name: "befs", at: 544, magic: "BFS1", label: field{512, 32}},
	{name: "befs", at: 544, magic: "1SFB", label: field{512, 32}},
	{name: "exfat", at: 3, magic: "EXFAT   "},
	{name: "f2fs", at: 1024, magic: "\x10\x20\xf5\xf2"},
	{name: "mpool", magic: "mpoolDev"},
	{name: "apfs", at: 32, magic: "NXSB"},
	{name: "zonefs", magic: "SFOZ"},
	{name: "erofs", at: 1024, magic: "\xe2\xe1\xf5\xe0", label: field{1024 + 64, 16}},
	{name: "drbdproxy_datalog", magic: "DRBDdlh*"},
})

// xfs says whether a superblock can be true: sizes of sectors and blocks are powers of two, and it has groups
// (fs/xfs/libxfs/xfs_format.h).
func xfs(b []byte) bool {
	if len(b) < 120 || string(b[:4]) != "XFSB" {
		return false
	}
	block, sector := be.Uint32(b[4:]), be.Uint16(b[102:])
	return 512 <= block && block <= 65536 && block&(block-1) == 0 && 512 <= sector && sector&(sector-1) == 0 &&
		be.Uint32(b[84:]) >= 64 && be.Uint32(b[88:]) > 0
}

// udf says whether the volume recognition sequence names it (ECMA-167, 2/9.1): anybody may have begun one.
func udf(r look) bool {
	for sector := int64(17); sector < 32; sector++ {
		if id := r(sector*2048+1, 5); string(id) == "NSR02" || string(id) == "NSR03" {
			return true
		}
	}
	return false
}

// hfsplus looks at the volume's block size (Apple, Technical Note 1150).
func hfsplus(r look) bool {
	n := be.Uint32(r(1024+40, 4))
	return n >= 512 && n&(n-1) == 0
}

// embedded says that an HFS volume is but the wrapping of an HFS Plus one.
func embedded(r look) bool { return strings.HasPrefix(string(r(1024+124, 2)), "H") }
