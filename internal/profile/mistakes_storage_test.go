package profile

// Mounts, arrays, and disks for others.
var storageMistakes = []problemCase{
	{"misspelt options", "[mount.\"/a\"]\nsource = \"/dev/vda1\"\ntype = \"ext4\"\noptions = [\"noatme\", \"comit=5\", \"errors=remount-ro\", \"quux\", \"nobarier\"]\n" +
		"[mount.\"/b\"]\nsource = \"/dev/vda2\"\ntype = \"f2fs\"\noptions = [\"noatme\"]\n", []string{
		`p.toml:11:12: warning: mount."/a".options[0]: "noatme" is no option of ext4 that is known here, which may refuse to be mounted; did you mean noatime?`,
		`p.toml:11:22: warning: mount."/a".options[1]: "comit" is no option of ext4 that is known here, which may refuse to be mounted; did you mean commit?`,
		`p.toml:11:62: warning: mount."/a".options[4]: "nobarier" is no option of ext4 that is known here, which may refuse to be mounted; did you mean nobarrier?`,
	}},
	{"options of other file systems", "[mount.\"/a\"]\nsource = \"/dev/vda1\"\ntype = \"ext4\"\noptions = [\"umask=0077\", \"noatime ro\", \"-o\", \"subvol=@\"]\n[mount.\"/b\"]\nsource = \"/dev/vda2\"\ntype = \"vfat\"\noptions = [\"umask=0077,uid=1000\", \"nofail\", \"rw\", \"ro\", \"exec\", \"noexec\"]\n" +
		"[mount.\"/c\"]\nsource = \"tmpfs\"\ntype = \"tmpfs\"\noptions = [\"size=64MB\", \"mode=888\", \"size=25%\", \"size=64M,mode=0755\"]\n", []string{
		`p.toml:11:12: mount."/a".options[0]: "umask=0077" is no option of ext4, which would not be mounted; accepted: with vfat, exfat`,
		`p.toml:11:26: mount."/a".options[1]: "noatime ro" is not a mount option; accepted: each by itself, such as "noatime"`,
		`p.toml:11:40: mount."/a".options[2]: "-o" is not a mount option`,
		`p.toml:11:46: mount."/a".options[3]: "subvol=@" is no option of ext4`,
		`p.toml:15:35: warning: mount."/b".options[1]: "nofail" is for other readers of fstab(5), and means nothing here; accepted: the key nofail = true`,
		`p.toml:15:51: warning: mount."/b".options[3]: "ro" is the opposite of another option here, and the last one counts`,
		`p.toml:15:65: warning: mount."/b".options[5]: "noexec" is the opposite`,
		`p.toml:19:12: mount."/c".options[0]: "size=64MB" is not what tmpfs takes; accepted: such as size=64M, size=25%, mode=0755`,
		`p.toml:19:25: mount."/c".options[1]: "mode=888" is not what tmpfs takes`,
	}},
	{"sources of something else", "[mount.\"/a\"]\nsource = \"/dev/vda1\"\ntype = \"tmpfs\"\n[mount.\"/b\"]\nsource = \"192.0.2.1\"\ntype = \"nfs4\"\n[array.data]\nlevel = \"raid1\"\n[mount.\"/c\"]\nsource = \"/dev/md/dat\"\ntype = \"ext4\"\n" +
		"[mount.\"/d\"]\nsource = \"LABEL=d\"\ntype = \"ext4\"\ncreate = true\n[mount.\"/e\"]\nsource = \"PARTLABEL=e\"\ntype = \"ext4\"\ncreate = true\noptions = [\"ro\"]\n[mount.\"/f\"]\nsource = \"PARTLABEL=f\"\ntype = \"ext4\"\ncreate = true\n", []string{
		`p.toml:9:10: mount."/a".source: "/dev/vda1" is no source of tmpfs, which lies in memory`,
		`p.toml:12:10: mount."/b".source: "192.0.2.1" is no folder of a server; accepted: "HOST:/PATH"`,
		`p.toml:17:10: warning: mount."/c".source: there is no [array.dat]; did you mean data?, and nothing else starts arrays`,
		`p.toml:22:10: mount."/d".create: makes a file system on a blank device, which has no LABEL yet that it could be found by`,
		`p.toml:26:10: mount."/e".create: makes an empty file system, which nobody has a use for who can't write to it`,
	}},
	{"a mirror of one disk", "[array.d]\nlevel = \"raid1\"\ncreate = true\nmatch = { members = [\"/dev/vda\"] }\n", []string{
		`p.toml:10:10: array.d.create: needs match.members, the disks to make it of: 1 of at least 2`,
	}},
	{"a state partition larger than files are", "[disk]\nstate = \"9000T\"\n", []string{`p.toml:9:9: disk.state: 9000T is too large; accepted: up to 8T`}},
	{"a month of no year", "[mount.\"/srv\"]\nsource = \"/dev/vda\"\ntype = \"ext4\"\n[share.iscsi.x]\ntarget = \"iqn.2026-13.example:x\"\nsource = \"/srv/x\"\nuser = \"u\"\npassword_file = \"/srv/p\"\n", []string{
		`p.toml:12:10: share.iscsi.x.target: "iqn.2026-13.example:x" is not a name of iSCSI; accepted: iqn.YYYY-MM.DOMAIN:NAME`,
	}},
}
