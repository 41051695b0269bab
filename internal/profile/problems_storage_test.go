package profile

import "strings"

// Arrays, file systems, shares and state.
var storageProblems = []problemCase{
	{"arrays", sound + `
[array."da ta"]
level = "raid3"
match = { uuid = "12:34" }
`, []string{
		`p.toml:9:1: array."da ta": is not an array's name; accepted: `,
		`p.toml:10:9: array."da ta".level: "raid3" is not a level; accepted: linear, raid0, raid1, raid4, raid5, raid6, raid10`,
		`p.toml:11:18: array."da ta".match.uuid: "12:34" is not an array's UUID; accepted: 32 hexadecimal digits, as "mdadm --detail" prints them`,
	}},
	{"one place for state that is in memory", sound + "\n[state]\npath = \"/srv/state\"\n", []string{
		`p.toml:10:8: state.path: /srv/state lies in memory and is gone after the boot; accepted: a directory in one of the profile's mounts`,
	}},
	{"state that nobody can write", sound + `
[state]
path = "/srv/state"
[time]
state = "/cd/time"
[entropy]
state = "/rw/seed"
[mount."/srv"]
source = "LABEL=srv"
type = "ext4"
options = ["noatime,ro"]
[mount."/cd"]
source = "LABEL=cd"
type = "iso9660"
[mount."/rw"]
source = "LABEL=rw"
type = "ext4"
options = ["ro", "rw"]
`, []string{
		`p.toml:10:8: state.path: /srv/state lies in /srv, which is mounted read-only; accepted: a directory in a file system that can be written to`,
		`p.toml:12:9: time.state: /cd/time lies in /cd, which is mounted read-only`,
		`p.toml:25:18: warning: mount."/rw".options[1]: "rw" is the opposite of another option here, and the last one counts`,
	}},
	{"arrays that cannot be", sound + `
[array.data]
level = "raid6"
members = 3
create = true
match = { members = ["sda1", "/dev/vdb"] }
[mount."/srv"]
source = "array:date"
type = "ext4"
`, []string{
		`p.toml:11:11: array.data.members: is 3; accepted: 4 and up for raid6`,
		`p.toml:12:10: array.data.create: needs match.members, the disks to make it of: 2 of at least 4`,
		`p.toml:13:22: array.data.match.members[0]: "sda1" is not a device; accepted: "/dev/…", "serial=…", "partlabel=…"`,
		`p.toml:15:10: mount."/srv".source: there is no [array.date]; did you mean data?`,
	}},
	{"mounts that cannot be", sound + `
[mount."/a"]
source = "lvm:vg"
type = "xfs"
fsck = "preen"
[mount."/b"]
source = "lvm:vg/lv"
type = "ext4"
fsck = "maybe"
`, []string{
		`p.toml:10:10: mount."/a".source: "lvm:vg" is no volume; accepted: "lvm:GROUP/VOLUME"`,
		`p.toml:12:8: mount."/a".fsck: xfs has nothing to be checked with at boot; accepted: ext4, vfat`,
		`p.toml:16:8: mount."/b".fsck: "maybe" is not what is done to a file system; accepted: none, preen`,
	}},
	{"shares that nobody could use", sound + shares, []string{
		`p.toml:10:8: warning: share.nfs.a.path: /srv/a lies in memory: what clients write there is gone after the boot`,
		`p.toml:11:11: share.nfs.a.clients: is empty: nobody could mount it; accepted: networks such as ["192.0.2.0/24"]`,
		`p.toml:13:8: share.smb.b.path: "srv" cannot be shared; accepted: an absolute path without . or .., such as "/srv/films", and not "/"`,
		`p.toml:14:10: share.smb.b.users[0]: there is no [user.ana]; did you mean anna?`,
		`p.toml:14:17: share.smb.b.users[1]: anna could not log in by SMB; accepted: user.anna.nt_hash`,
		`p.toml:16:1: share.iscsi.c: asks for no password, and an initiator's name is no proof: anybody can say it; accepted: user and password_file (CHAP), or insecure = true where that is meant`,
	}},
	{"mount over proc", sound + "[mount.\"/proc\"]\nsource = \"tmpfs\"\ntype = \"tmpfs\"\n", []string{
		`p.toml:8:1: mount."/proc": is mounted by uinit itself`,
	}},
	{"mounts that take the box away", sound + "[mount.\"/etc\"]\nsource = \"/dev/vda\"\ntype = \"ext4\"\n[mount.\"/a b\"]\nsource = \"/dev/vda\"\ntype = \"ext4\"\n[mount.\"/lib/firmware\"]\nsource = \"LABEL=f\"\ntype = \"squashfs\"\n[mount.\"/sys/fs/bpf\"]\nsource = \"tmpfs\"\ntype = \"tmpfs\"\n", []string{
		`p.toml:8:1: mount."/etc": holds the accounts, and what this machine is; accepted: a folder of its own, such as "/srv"`,
		`p.toml:11:1: mount."/a b": is not a mount point; accepted: a path without blanks, `,
		`p.toml:14:1: mount."/lib/firmware": holds the libraries and drivers that programs need; accepted: `,
		`p.toml:17:1: mount."/sys/fs/bpf": is mounted by uinit itself, and the kernel says what lies there; accepted: `,
	}},
	{"file system nobody has", sound + "[mount.\"/srv\"]\nsource = \"/dev/vda\"\ntype = \"ext5\"\n", []string{
		`p.toml:10:8: mount."/srv".type: "ext5" is not a file system that can be mounted; did you mean ext4?; accepted: `,
	}},
	{"sources that name nothing", sound + "[mount.\"/a\"]\nsource = \"PARTLABLE=x\"\ntype = \"ext4\"\n[mount.\"/b\"]\nsource = \"PARTUUID=12\"\ntype = \"ext4\"\n[mount.\"/c\"]\nsource = \"LABEL=\"\ntype = \"ext4\"\n", []string{
		`p.toml:9:10: mount."/a".source: "PARTLABLE=" names nothing that can be looked for; did you mean PARTLABEL?; accepted: LABEL, PARTLABEL, PARTUUID, UUID`,
		`p.toml:12:10: mount."/b".source: "12" is no PARTUUID`,
		`p.toml:15:10: mount."/c".source: "" is no LABEL`,
	}},
	{"sources of all kinds", sound + "[mount.\"/a\"]\nsource = \"PARTLABEL=state\"\ntype = \"ext4\"\n[mount.\"/b\"]\nsource = \"PARTUUID=12345678-9abc-4def-8123-456789abcdef\"\ntype = \"ext4\"\n[mount.\"/c\"]\nsource = \"PARTUUID=abcd1234-05\"\ntype = \"ext4\"\n", nil},
	{"much state", "[disk]\nstate = \"50G\"\n" + sound, []string{
		`p.toml:2:9: warning: disk.state: 50G of zeros cost each build 30 s for their checksum; the partition grows with its disk`,
	}},
	{"state is ext4", "[disk]\nstate = \"64M\"\n" + sound + "[mount.\"/state\"]\nsource = \"PARTLABEL=state\"\ntype = \"xfs\"\n", []string{
		`p.toml:12:8: mount."/state".type: is xfs, and the state partition of the image holds ext4`,
	}},
	{"state that is gone after the boot", sound + "[time]\nstate = \"/var/lib\"\n[entropy]\nstate = \"srv\"\n", []string{
		`p.toml:9:9: time.state: /var/lib lies in memory and is gone after the boot; accepted: a directory in one of the profile's mounts`,
		`p.toml:11:9: entropy.state: "srv" is not an absolute path without . or .., such as /srv/state`,
	}},
	{"state that stays", sound + "[mount.\"/srv\"]\nsource = \"LABEL=x\"\ntype = \"ext4\"\n[time]\nstate = \"/srv/time\"\n[entropy]\nstate = \"/srv\"\n", nil},
	{"members that are none", sound + "[array.a]\nlevel = \"raid1\"\n[array.a.match]\nmembers = [\"serial=\", \"/dev/sda,partlabel=\", \"/dev/\", \"serial=a,partlabel=b\"]\nname = \"" + strings.Repeat("a", 33) + "\"\n", []string{
		`p.toml:11:12: array.a.match.members[0]: "serial=" is not a device; accepted: "/dev/…", "serial=…", "partlabel=…"`,
		`p.toml:11:23: array.a.match.members[1]: "/dev/sda,partlabel=" is not a device`,
		`p.toml:11:46: array.a.match.members[2]: "/dev/" is not a device`,
		`p.toml:12:8: array.a.match.name: has 33 bytes; accepted: up to 32, which a superblock has room for`,
	}},
	{"one share of SMB by two names", sound + "[user.eve]\nnt_hash = \"8846F7EAEE8FB117AD06BDD830B7586C\"\n[mount.\"/srv\"]\nsource = \"LABEL=x\"\ntype = \"ext4\"\n[share.smb.A]\npath = \"/srv/a\"\nusers = [\"eve\"]\n[share.smb.a]\npath = \"/srv/b\"\nusers = [\"eve\"]\n[share.smb." + strings.Repeat("b", 81) + "]\npath = \"/srv/c\"\nusers = [\"eve\"]\n", []string{
		`p.toml:16:1: share.smb.a: is share.smb.A already: SMB knows no capitals; accepted: another name`,
		`p.toml:19:1: share.smb.` + strings.Repeat("b", 81) + `: is not a share's name; accepted: up to 80 letters, digits, blanks, _ - and ., and not global, homes or printers`,
	}},
	{"clients that are addresses of networks", sound + "[user.eve]\nnt_hash = \"8846F7EAEE8FB117AD06BDD830B7586C\"\n[mount.\"/srv\"]\nsource = \"LABEL=x\"\ntype = \"ext4\"\n[share.nfs.a]\npath = \"/srv/a\"\nclients = [\"10.0.0.1/24\", \"10.0.0.1/32\"]\n[share.smb.b]\npath = \"/srv/b\"\nusers = [\"eve\"]\nclients = [\"2001:db8::1/64\"]\n[ethernet.lan]\ndhcp4 = true\n[firewall]\nmanagement = { interfaces = [\"lan\"], tcp = [22], from = [\"10.0.0.1/8\", \"0.0.0.0/0\"] }\n", []string{
		`p.toml:15:12: share.nfs.a.clients[0]: 10.0.0.1/24 is an address in a network; accepted: the network, 10.0.0.0/24`,
		`p.toml:19:12: share.smb.b.clients[0]: 2001:db8::1/64 is an address in a network; accepted: the network, 2001:db8::/64`,
		`p.toml:23:58: firewall.management.from[0]: 10.0.0.1/8 is an address in a network; accepted: the network, 10.0.0.0/8`,
	}},
}

const shares = `
[share.nfs.a]
path = "/srv/a"
clients = []
[share.smb.b]
path = "srv"
users = ["ana", "anna"]
[user.anna]
[share.iscsi.c]
target = "iqn.2026-01.example:c"
source = "/dev/vdb"
`
