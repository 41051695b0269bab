package holder

import (
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"
)

// tree makes a file system of lines "path = content" and "path -> target"; \n in a content is a new line.
func tree(lines string) fstest.MapFS {
	out := fstest.MapFS{}
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		if name, target, ok := strings.Cut(line, " -> "); ok {
			out[name] = &fstest.MapFile{Mode: fs.ModeSymlink | 0o777, Data: []byte(target)}
		} else if name, text, ok := strings.Cut(line, " = "); ok {
			out[name] = &fstest.MapFile{Data: []byte(strings.NewReplacer(`\n`, "\n").Replace(text) + "\n")}
		}
	}
	return out
}

// machine has a disk with two partitions, an empty disk, a mirror with a volume on it, a btrfs of two disks, and loop
// devices, one on a file that lies in another's file system.
const machine = `
block/vda/dev = 254:0
block/vda/vda1/dev = 254:1
block/vda/vda1/partition = 1
block/vda/vda2/dev = 254:2
block/vda/vda2/partition = 2
block/vda/vda2/holders/md_data/x = 1
block/vdb/dev = 254:16
block/vdc/dev = 254:32
block/vdc/holders/md_data/x = 1
block/md_data/dev = 9:127
block/md_data/md/level = raid1
block/md_data/holders/dm-0/x = 1
block/dm-0/dev = 253:0
block/dm-0/dm/name = vg0-srv
block/sda/dev = 8:0
block/sdb/dev = 8:16
fs/btrfs/0a/devices/sda/x = 1
fs/btrfs/0a/devices/sdb/x = 1
block/loop0/dev = 7:0
block/loop0/ro = 0
block/loop0/loop/backing_file = /nowhere/a.img
block/loop1/dev = 7:1
block/loop1/ro = 1
block/loop1/loop/backing_file = /nowhere/a.img
block/loop0/loop0p1/dev = 259:0
block/loop0/loop0p1/partition = 1
`

const mountTable = `22 1 254:1 / /boot\040x rw shared:1 - vfat /dev/vda1 rw\n` +
	`23 1 253:0 / /srv rw - ext4 /dev/mapper/vg0-srv rw,errors=continue\n` +
	`24 1 0:45 / /films ro - btrfs /dev/sda ro,space_cache\n` +
	`25 1 259:0 / /mnt rw - ext4 /dev/loop0p1 rw`

// process adds one that has block devices open (by number) and files (by path), each for writing where it
// begins with +.
func process(proc fstest.MapFS, pid, command string, opened ...string) {
	proc[pid+"/cmdline"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(command, " ", "\x00") + "\x00")}
	proc[pid+"/comm"] = &fstest.MapFile{Data: []byte("program\n")}
	for i, what := range opened {
		fd := string(rune('3' + i))
		flags := "flags:\t0100000\n"
		if rest, ok := strings.CutPrefix(what, "+"); ok {
			flags, what = "flags:\t0100002\n", rest
		}
		proc[pid+"/fdinfo/"+fd] = &fstest.MapFile{Data: []byte("pos:\t0\n" + flags)}
		if minor, ok := strings.CutPrefix(what, "254:"); ok {
			node := map[string]uint32{"0": 0, "1": 1, "16": 16}[minor]
			proc["dev/node"+minor] = &fstest.MapFile{Mode: fs.ModeDevice, Sys: &syscall.Stat_t{Rdev: unix.Mkdev(254, node)}}
			what = "/dev/node" + minor
		}
		proc[pid+"/fd/"+fd] = &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte(what)}
	}
}

// deviceTree lets links to /dev/… lead into the tree, as those of procfs do.
type deviceTree struct{ fstest.MapFS }

func (d deviceTree) Stat(name string) (fs.FileInfo, error) {
	target, err := d.ReadLink(name)
	if err != nil {
		return d.MapFS.Stat(name)
	}
	return d.MapFS.Stat(strings.TrimPrefix(target, "/"))
}

// A list of mounts that cannot be read says of no device that it is free.
func TestUnreadableMounts(t *testing.T) {
	for _, text := range []string{"22 1 254:1 / /boot", mountTable + `\nhalf a line`} {
		if got, err := Of(tree(machine), tree("self/mountinfo = "+text), "sda"); err == nil {
			t.Errorf("%q: %q", text, Words(got))
		}
	}
}

func TestOf(t *testing.T) {
	sys := tree(machine + `
kernel/config/target/core/iblock_0/disk/info = Status: ACTIVATED  Max Queue Depth: 128  SectorSize: 512  HwMaxSectors: 2560\n        iBlock device: vdb  UDEV PATH: /dev/vdb  readonly: 0\n        Major: 254 Minor: 16  CLAIMED: IBLOCK
kernel/config/target/core/fileio_0/film/info = Status: ACTIVATED  Max Queue Depth: 128  SectorSize: 512  HwMaxSectors: 16384\n        TCM FILEIO ID: 0        File: /nowhere/film disk  Size: 1048576  Mode: O_DSYNC Async: 0
kernel/config/target/iscsi/iqn.a/tpgt_1/lun/lun_0/film/x = 1
kernel/config/target/iscsi/iqn.a/tpgt_1/attrib/demo_mode_write_protect = 1
kernel/config/target/iscsi/iqn.b/tpgt_1/lun/lun_0/disk/x = 1
kernel/config/target/iscsi/iqn.b/tpgt_1/attrib/demo_mode_write_protect = 0
`)
	proc := tree(`
self/mountinfo = ` + mountTable + `
swaps = Filename Type Size Used Priority\n/dev/vdc partition 1 0 -2\n/nowhere/swap file 1 0 -2
`)
	process(proc, "7", "/usr/bin/qemu-system-x86_64 -name guest=web,debug=on -M q35", "+254:0", "/nowhere/a.iso")
	process(proc, "8", "dd of=/nowhere/a.img", "+/nowhere/a.img", "254:16", "socket:[1]")
	for device, want := range map[string][]string{
		"/dev/vda1": {"vda1 is mounted on /boot x", "vda is a disk of the guest web (process 7)"},
		"vda": {"vda is a disk of the guest web (process 7)", "vda1 is mounted on /boot x", "vda2 is a member of the md array md_data",
			"md_data on vda2 is part of the mapped device vg0-srv (dm-0)", "dm-0 on md_data is mounted on /srv"},
		"vdb": {"vdb is what share.iscsi.disk offers"},
		"vdc": {"vdc is in use as swap", "vdc is a member of the md array md_data",
			"md_data on vdc is part of the mapped device vg0-srv (dm-0)", "dm-0 on md_data is mounted on /srv"},
		"sda":     {"sda is mounted on /films"},
		"sdb":     {"sdb is mounted on /films"},
		"nothing": nil,
		"loop0":   {"loop0p1 is mounted on /mnt", "/nowhere/a.img is open for writing in program (process 8)", "/nowhere/a.img is the file behind loop1"},
		"loop1": {"/nowhere/a.img is open for writing in program (process 8)", "/nowhere/a.img is the file behind loop0",
			"loop0p1 on /nowhere/a.img is mounted on /mnt"},
	} {
		got, err := Of(sys, deviceTree{proc}, device)
		if err != nil || !slices.Equal(Words(got), want) {
			t.Errorf("%s: %q, %v, want %q", device, Words(got), err, want)
		}
	}
	for file, want := range map[string][]string{
		"/nowhere/a.img": {"/nowhere/a.img is open for writing in program (process 8)", "/nowhere/a.img is the file behind loop0",
			"loop0p1 on /nowhere/a.img is mounted on /mnt", "/nowhere/a.img is the file behind loop1"},
		"/nowhere/swap":      {"/nowhere/swap is in use as swap"},
		"/nowhere/film disk": {"/nowhere/film disk is what share.iscsi.film offers"},
		"/nowhere/a.iso":     {"/nowhere/a.iso is a disk of the guest web (process 7)"},
		"/nowhere/b.img":     nil,
	} {
		got, err := OfFile(sys, deviceTree{proc}, file)
		if err != nil || !slices.Equal(Words(got), want) {
			t.Errorf("%s: %q, %v, want %q", file, Words(got), err, want)
		}
	}
	reads := map[string]bool{}
	for _, device := range []string{"vda", "vdb", "sda"} {
		all, _ := Of(sys, deviceTree{proc}, device)
		reads[device] = all[0].Reads
	}
	for _, file := range []string{"/nowhere/a.iso", "/nowhere/film disk", "/nowhere/swap"} {
		all, _ := OfFile(sys, deviceTree{proc}, file)
		reads[file] = all[0].Reads
	}
	for what, want := range map[string]bool{"vda": false, "vdb": false, "sda": true, "/nowhere/a.iso": true, "/nowhere/film disk": true, "/nowhere/swap": false} {
		if reads[what] != want {
			t.Errorf("%s: only read: %v", what, reads[what])
		}
	}
}
