package flash

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"
)

// machine makes a System of lines "path = content" and "path -> target".
func machine(lines string, mounts ...string) System {
	sys := fstest.MapFS{"block": {Mode: fs.ModeDir | 0o755}}
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		if name, target, ok := strings.Cut(line, " -> "); ok {
			sys[name] = &fstest.MapFile{Mode: fs.ModeSymlink | 0o777, Data: []byte(target)}
		} else if name, text, ok := strings.Cut(line, " = "); ok {
			sys[name] = &fstest.MapFile{Data: []byte(text + "\n")}
		}
	}
	proc := fstest.MapFS{"self/mountinfo": {}, "swaps": {Data: []byte("Filename Type Size Used Priority\n")}}
	for _, m := range mounts {
		if swap, ok := strings.CutPrefix(m, "swap "); ok {
			proc["swaps"].Data = fmt.Appendf(proc["swaps"].Data, "%s partition 1000 0 -2\n", swap)
			continue
		}
		f := strings.Fields(m) // number, device, place
		proc["self/mountinfo"].Data = fmt.Appendf(proc["self/mountinfo"].Data, "22 1 %s / %s rw shared:1 - ext4 %s rw\n", f[0], f[2], f[1])
	}
	return System{sys, proc}
}

// disk gives the lines of a disk: where it is attached, its number and size in sectors.
func disk(name, where, number string, sectors int, more ...string) string {
	dev := path.Join("devices", where, "block", name)
	b := fmt.Sprintf("block/%s -> ../%s\n%s/dev = %s\n%s/size = %d\n%s/ro = 0\n", name, dev, dev, number, dev, sectors, dev)
	for _, m := range more {
		b += dev + "/" + m + "\n"
	}
	return b
}

const (
	usb  = "pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0"
	ata  = "pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0"
	card = "pci0000:00/0000:00:1e.6/mmc_host/mmc0/mmc0:aaaa"
)

func stick(more ...string) string {
	return disk("sdb", usb, "8:16", 62333952, append([]string{"removable = 1", "device/vendor = SanDisk", "device/model = Ultra Fit", "device/serial = 4C530001",
		"queue/logical_block_size = 512", "sdb1/partition = 1", "sdb1/dev = 8:17"}, more...)...)
}

func TestInventory(t *testing.T) {
	s := machine(stick()+
		disk("sda", ata, "8:0", 1000215216, "removable = 0", "device/model = Samsung SSD 860", "sda1/partition = 1", "sda1/dev = 8:1", "sda2/partition = 2", "sda2/dev = 8:2")+
		disk("mmcblk0", card, "179:0", 31116288, "removable = 0", "device/type = SD", "device/name = SC16G", "device/serial = 0x1234")+
		disk("mmcblk1", card, "179:8", 31116288, "removable = 0", "device/type = MMC", "device/name = soldered")+
		disk("nvme0n1", "pci0000:00/0000:01:00.0/nvme/nvme0", "259:0", 500118192, "removable = 0", "device/model = WDC", "serial = 999")+
		disk("vda", "pci0000:00/0000:00:02.0/virtio1", "254:0", 2048, "removable = 0", "device/vendor = 0x1af4")+
		disk("sdc", usb, "8:32", 0, "removable = 1", "device/model = Empty reader")+
		disk("loop0", "virtual", "7:0", 2048)+disk("dm-0", "virtual", "253:0", 2048)+disk("md127", "virtual", "9:127", 2048)+disk("zram0", "virtual", "252:0", 2048),
		"8:1 /dev/sda1 /boot/efi", "8:2 /dev/sda2 /")
	disks, err := s.Inventory()
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, d := range disks {
		fmt.Fprintf(&got, "%s | external %t, system %t\n", d, d.External(), d.System)
	}
	want := `/dev/loop0      1.0 MB  loop | external false, system false
/dev/mmcblk0   15.9 GB  sd SC16G (serial 0x1234) | external true, system false
/dev/mmcblk1   15.9 GB  mmc soldered | external false, system false
/dev/nvme0n1  256.1 GB  nvme WDC (serial 999) | external false, system false
/dev/sda      512.1 GB  ata Samsung SSD 860 | external false, system true
/dev/sdb       31.9 GB  usb SanDisk Ultra Fit (serial 4C530001) | external true, system false
/dev/vda        1.0 MB  virtio | external false, system false
`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

func TestRefuse(t *testing.T) {
	const gb = 1e9
	held := "device/x = 1"
	for name, c := range map[string]struct {
		lines  string
		mounts []string
		size   int64
		fixed  bool
		want   string // what the refusal says; nothing where there is none
	}{
		"free":            {lines: stick(), size: gb},
		"exact":           {lines: stick(), size: 62333952 * 512},
		"too small":       {lines: stick(), size: 62333952*512 + 1, want: "it has 31.9 GB (31914983424 bytes), the image 31.9 GB (31914983425 bytes)"},
		"mounted":         {lines: stick(), mounts: []string{"8:17 /dev/sdb1 /media/my\\040stick"}, want: "it is in use: sdb1 is mounted on /media/my stick"},
		"mounted whole":   {lines: stick(), mounts: []string{"8:16 /dev/sdb /mnt"}, want: "sdb is mounted on /mnt"},
		"btrfs":           {lines: stick(), mounts: []string{"0:45 /dev/sdb1 /mnt"}, want: "sdb1 is mounted on /mnt"},
		"swap":            {lines: stick(), mounts: []string{"swap /dev/sdb1"}, want: "the running system lives on it: sdb1 is in use as swap"},
		"system":          {lines: stick(), mounts: []string{"8:17 /dev/sdb1 /"}, want: "the running system lives on it: sdb1 is mounted on /"},
		"no medium":       {lines: disk("sdb", usb, "8:16", 0, "removable = 1"), want: "there is no medium in it"},
		"write-protected": {lines: strings.Replace(stick(), "ro = 0", "ro = 1", 1), want: "write-protected"},
		"large sectors":   {lines: strings.Replace(stick(), "size = 512", "size = 4096", 1), want: "its sectors have 4096 bytes"},
		"md": {lines: stick("sdb1/holders/md0/x = 1") + disk("md0", "virtual", "9:0", 2048, "md/level = raid1"),
			want: "it is in use: sdb1 is a member of the md array md0"},
		"md, inactive": {lines: stick("holders/md127/x = 1"), want: "sdb is a member of the md array md127"},
		"LVM on LUKS with the system": {lines: stick("sdb1/holders/dm-0/x = 1") +
			disk("dm-0", "virtual", "253:0", 2048, "dm/name = luks", "holders/dm-1/x = 1") + disk("dm-1", "virtual", "253:1", 2048, "dm/name = vg-root"),
			mounts: []string{"253:1 /dev/mapper/vg-root /"},
			want: "the running system lives on it: sdb1 is part of the mapped device luks (dm-0), " +
				"dm-0 on sdb1 is part of the mapped device vg-root (dm-1), dm-1 on dm-0 is mounted on /"},
		"unknown holder":       {lines: stick("holders/bcache0/x = 1"), want: "sdb is held by bcache0"},
		"built in":             {lines: disk("sdb", ata, "8:16", 2048, held), want: "it is built in, not removable; --fixed-disk allows it"},
		"built in, allowed":    {lines: disk("sdb", ata, "8:16", 2048, held), fixed: true},
		"in use, though fixed": {lines: disk("sdb", ata, "8:16", 2048, held), fixed: true, mounts: []string{"8:16 /dev/sdb /srv"}, want: "sdb is mounted on /srv"},
		"USB, not removable":   {lines: disk("sdb", usb, "8:16", 2048, "removable = 0")},
		"loop":                 {lines: disk("sdb", "virtual", "8:16", 2048), want: "built in"},
	} {
		t.Run(name, func(t *testing.T) {
			s := machine(c.lines, c.mounts...)
			d, part, err := s.Find("8:16")
			if err != nil || part != "" {
				t.Fatal(d, part, err)
			}
			err = Refuse(d, c.size, c.fixed)
			var refused *RefusedError
			if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &refused) || !strings.Contains(refused.Reason, c.want)) {
				t.Errorf("got %v, want ...%s...", err, c.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	s := machine(stick())
	if d, part, err := s.Find("8:17"); err != nil || d.Name != "sdb" || part != "sdb1" {
		t.Errorf("a partition: %v, %q, %v", d, part, err)
	}
	if _, _, err := s.Find("8:99"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no device: %v", err)
	}
	s = System{Sys: fstest.MapFS{}, Proc: fstest.MapFS{}}
	if _, err := s.Inventory(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no sysfs: %v", err)
	}
}

// The real machine must at least be readable.
func TestInventoryOfThisMachine(t *testing.T) {
	if _, err := os.Stat("/sys/block"); err != nil {
		t.Skip("no sysfs here:", err)
	}
	disks, err := System{os.DirFS("/sys"), os.DirFS("/proc")}.Inventory()
	if err != nil {
		t.Error(err)
	}
	for _, d := range disks {
		if d.Size <= 0 || d.Number == "" {
			t.Errorf("%+v", d)
		}
	}
}
