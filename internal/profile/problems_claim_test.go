package profile

// Disks and files that two rows would have for themselves.
var claimProblems = []problemCase{
	{"a guest's disk that others have", guestText + `
[vm.a.disk.d]
path = "/dev/vda"
[vm.a.disk.e]
path = "/dev/mapper/vg--0-data"
[vm.a.disk.f]
path = "/dev/nvme0n1p2"
[vm.a.disk.g]
path = "/dev/disk/by-label/films"
[vm.a.disk.h]
path = "/dev/md_data"
[mount."/srv"]
source = "/dev/vda"
type = "ext4"
[mount."/data"]
source = "lvm:vg-0/data"
type = "ext4"
[mount."/films"]
source = "LABEL=films"
type = "ext4"
[mount."/array"]
source = "array:data"
type = "ext4"
[array.data]
level = "raid1"
match = { members = ["/dev/nvme0n1", "/dev/nvme1n1"] }
`, []string{
		`p.toml:15:8: vm.a.disk.d.path: /dev/vda is mounted by mount."/srv" already (p.toml:25:10), and two who write to one destroy it; accepted: a disk or file of its own`,
		`p.toml:17:8: vm.a.disk.e.path: /dev/mapper/vg--0-data is mounted by mount."/data" already (p.toml:28:10), and two`,
		`p.toml:19:8: vm.a.disk.f.path: /dev/nvme0n1p2 is a member of array.data already (p.toml:38:22), and two`,
		`p.toml:21:8: vm.a.disk.g.path: /dev/disk/by-label/films is mounted by mount."/films" already (p.toml:31:10), and two`,
		`p.toml:23:8: vm.a.disk.h.path: /dev/md_data is mounted by mount."/array" already (p.toml:34:10), and two`,
	}},
	{"files that others have", sound + `
[mount."/srv"]
source = "LABEL=x"
type = "ext4"
[mount."/also"]
source = "LABEL=x"
type = "ext4"
[mount."/bound"]
source = "/srv/sub"
type = "ext4"
options = ["bind"]
[vm.a]
memory = "32M"
[vm.a.disk.d]
path = "/srv/sub/a.img"
[vm.a.disk.e]
path = "/also/sub/a.img"
[vm.b]
memory = "32M"
firmware = "uefi"
uefi_vars = "/bound/a.img"
[vm.b.disk.d]
path = "/srv/b.img"
[vm.b.disk.e]
path = "/srv/c.img"
read_only = true
[share.iscsi.b]
target = "iqn.2026-01.a.b:b"
source = "/also/b.img"
initiators = ["iqn.2026-01.a.b:d"]
insecure = true
[share.iscsi.c]
target = "iqn.2026-01.a.b:c"
source = "/srv/c.img"
initiators = ["iqn.2026-01.a.b:d"]
insecure = true
[share.iscsi.d]
target = "iqn.2026-01.a.b:e"
source = "/srv/c.img"
read_only = true
initiators = ["iqn.2026-01.a.b:d"]
insecure = true
[wireguard.wg0]
private_key_file = "/srv/b.img"
`, []string{
		`p.toml:24:8: vm.a.disk.e.path: /also/sub/a.img is a disk of vm.a already (p.toml:22:8), and two who write to one destroy it; accepted: a disk or file of its own, or read_only = true in both rows`,
		`p.toml:28:13: vm.b.uefi_vars: /bound/a.img is a disk of vm.a already (p.toml:22:8), and two who write to one destroy it; accepted: a disk or file of its own`,
		`p.toml:30:8: vm.b.disk.d.path: /srv/b.img is offered by share.iscsi.b already (p.toml:36:10), and two`,
		`p.toml:32:8: vm.b.disk.e.path: /srv/c.img is offered by share.iscsi.c already (p.toml:41:10), and who reads sees what is half written; accepted: a disk or file of its own, or read_only = true in both rows`,
		`p.toml:46:10: share.iscsi.d.source: /srv/c.img is offered by share.iscsi.c already (p.toml:41:10), and who reads`,
		`p.toml:51:20: wireguard.wg0.private_key_file: /srv/b.img is offered by share.iscsi.b already (p.toml:36:10), and two`,
	}},
	{"arrays that share", sound + `
[array.a]
level = "raid1"
match = { members = ["serial=1", "serial=2,partlabel=a", "serial=1"] }
[array.b]
level = "raid1"
match = { members = ["serial=2", "partlabel=b"] }
[array.c]
level = "raid1"
match = { members = ["serial=3,partlabel=b", "serial=4,partlabel=a"] }
[array.d]
level = "raid1"
match = { name = "e" }
[array.e]
level = "raid1"
[mount."/srv"]
source = "PARTLABEL=b"
type = "ext4"
`, []string{
		`p.toml:11:58: array.a.match.members[2]: serial=1 is a member of array.a already (p.toml:11:22), and two`,
		`p.toml:14:22: array.b.match.members[0]: serial=2 is a member of array.a already (p.toml:11:34), and two`,
		`p.toml:17:22: array.c.match.members[0]: serial=3,partlabel=b is a member of array.b already (p.toml:14:34), and two`,
		`p.toml:21:1: array.e: the array e belongs to array.d already (p.toml:20:18), and two`,
		`p.toml:24:10: mount."/srv".source: PARTLABEL=b is a member of array.b already (p.toml:14:34), and two`,
	}},
	{"disks of one name", sound + `
[mount."/a"]
source = "/dev/vda"
type = "btrfs"
options = ["subvol=a"]
[mount."/b"]
source = "/dev/vda"
type = "btrfs"
options = ["subvol=b"]
[mount."/c"]
source = "/dev/vda1"
type = "ext4"
[mount."/d"]
source = "/dev/vg0/web"
type = "ext4"
[mount."/e"]
source = "lvm:vg0/web1"
type = "ext4"
[share.iscsi.a]
target = "iqn.2026-01.a.b:a"
source = "/a/disk"
initiators = ["iqn.2026-01.a.b:d"]
insecure = true
[share.iscsi.b]
target = "iqn.2026-01.a.b:b"
source = "/b/disk"
initiators = ["iqn.2026-01.a.b:d"]
insecure = true
[share.iscsi.c]
target = "iqn.2026-01.a.b:c"
source = "/dev/vdb"
read_only = true
initiators = ["iqn.2026-01.a.b:d"]
insecure = true
[share.iscsi.d]
target = "iqn.2026-01.a.b:e"
source = "/dev/vdb1"
read_only = true
initiators = ["iqn.2026-01.a.b:d"]
insecure = true
`, []string{
		`p.toml:18:10: mount."/c".source: /dev/vda1 is mounted by mount."/a" already (p.toml:10:10), and two`,
		`p.toml:44:10: share.iscsi.d.source: /dev/vdb1 is offered by share.iscsi.c already (p.toml:38:10), and the kernel gives a device to one target alone; accepted: a disk or file of its own`,
	}},
	{"who only reads", guestText + `
[mount."/srv"]
source = "LABEL=x"
type = "ext4"
[mount."/iso"]
source = "/dev/sr0"
type = "iso9660"
[mount."/old"]
source = "/dev/vdc"
type = "ext4"
options = ["ro"]
[vm.a.disk.d]
path = "/srv/install.iso"
bus = "cdrom"
[vm.a.disk.e]
path = "/dev/sr0"
bus = "cdrom"
[vm.b.disk.d]
path = "/srv/install.iso"
read_only = true
[vm.b.disk.e]
path = "/dev/vdc"
read_only = true
[share.iscsi.a]
target = "iqn.2026-01.a.b:a"
source = "/srv/install.iso"
read_only = true
initiators = ["iqn.2026-01.a.b:d"]
insecure = true
`, nil},
	{"files in a folder that is shared", guestText + `
[mount."/srv"]
source = "LABEL=x"
type = "ext4"
[mount."/also"]
source = "LABEL=x"
type = "ext4"
[vm.a.disk.d]
path = "/srv/vm/a.img"
[vm.b.disk.d]
path = "/srv/vm2/b.img"
[share.nfs.images]
path = "/also/vm"
clients = ["192.0.2.0/24"]
[share.nfs.others]
path = "/srv/vm2"
clients = ["192.0.2.0/24"]
read_only = true
`, []string{
		`p.toml:21:8: warning: vm.a.disk.d.path: /srv/vm/a.img lies in the folder of share.nfs.images (p.toml:24:1), whose clients may write to it`,
	}},
}

// guestText is a profile with two guests, in 13 lines.
const guestText = sound + `[vm.a]
memory = "32M"
kernel = "/boot/vmlinuz"
[vm.b]
memory = "32M"
kernel = "/boot/vmlinuz"`
