package mount

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/needed"
)

const mountTable = `1 1 0:2 / / rw - rootfs rootfs rw
22 1 0:5 / /dev rw,nosuid shared:2 - devtmpfs devtmpfs rw
30 1 254:0 / /srv rw,noatime - ext4 /dev/vda rw
31 30 0:30 / /srv/with\040space rw master:1 shared:3 - nfs4 host:/a\134b rw
32 30 254:0 /sub /srv/bind rw - ext4 /dev/vda rw
`

func parse(t *testing.T, text string) Table {
	t.Helper()
	table, err := mountinfo.GetMountsFromReader(strings.NewReader(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestTable(t *testing.T) {
	table := parse(t, mountTable)
	if got := table.At("/srv/with space"); got == nil || got.FSType != "nfs4" || got.Source != `host:/a\b` {
		t.Errorf("got %+v", got)
	}
	if table.At("/") != nil || table.At("/nothing") != nil {
		t.Error("found what nobody mounted")
	}
	if got, want := table.Real(), []string{"/srv/bind", "/srv/with space", "/srv"}; !reflect.DeepEqual(got, want) {
		t.Errorf("order of unmounting: %q, want %q", got, want)
	}
}

func TestOptions(t *testing.T) {
	for _, tt := range []struct {
		options []string
		bits    uintptr
		data    string
	}{
		{nil, 0, ""},
		{[]string{"defaults", "ro", "noatime"}, unix.MS_RDONLY | unix.MS_NOATIME, ""},
		{[]string{"ro,rw", "data=journal", "nofail", "x-any", "errors=remount-ro"}, 0, "data=journal,errors=remount-ro"},
		{[]string{"rbind"}, unix.MS_BIND | unix.MS_REC, ""},
		{[]string{"size=64M,mode=0700"}, 0, "size=64M,mode=0700"},
	} {
		if bits, data := Options(tt.options); bits != tt.bits || data != tt.data {
			t.Errorf("Options(%q) = %#x, %q; want %#x, %q", tt.options, bits, data, tt.bits, tt.data)
		}
	}
}

func TestParseSource(t *testing.T) {
	for source, want := range map[string]Wanted{
		"/dev/sda1": {Device: "/dev/sda1"}, "LABEL=data": {Label: "data"}, `LABEL="my data"`: {Label: "my data"},
		"UUID=ABCD-1234": {UUID: "abcd-1234"}, "PARTLABEL=state": {PartLabel: "state"}, "PARTUUID=ABCD1234-02": {PartUUID: "abcd1234-02"}, "tmpfs": {None: true}, "host:/export": {None: true},
	} {
		if got := ParseSource(source); got != want {
			t.Errorf("ParseSource(%q) = %+v, want %+v", source, got, want)
		}
	}
}

const id = "11111111-2222-3333-4444-555555555555"

// makers make file systems with the standard tools.
func makers() map[string]struct {
	command []string
	want    Identity
	size    int64
} {
	return map[string]struct {
		command []string
		want    Identity
		size    int64
	}{
		"ext4":  {[]string{"mkfs.ext4", "-q", "-L", "data", "-U", id}, Identity{"ext4", "data", id}, 8 << 20},
		"ext3":  {[]string{"mkfs.ext3", "-q", "-L", "data", "-U", id}, Identity{"ext3", "data", id}, 8 << 20},
		"ext2":  {[]string{"mkfs.ext2", "-q", "-U", id}, Identity{"ext2", "", id}, 8 << 20},
		"fat16": {[]string{"mkfs.vfat", "-F", "16", "-n", "ESP", "-i", "abcd1234"}, Identity{"vfat", "ESP", "abcd-1234"}, 16 << 20},
		"fat32": {[]string{"mkfs.vfat", "-F", "32", "-i", "abcd1234"}, Identity{"vfat", "", "abcd-1234"}, 64 << 20},
		"xfs":   {[]string{"mkfs.xfs", "-q", "-L", "data", "-m", "uuid=" + id}, Identity{"xfs", "data", id}, 320 << 20},
		"btrfs": {[]string{"mkfs.btrfs", "-q", "-L", "data", "-U", id}, Identity{"btrfs", "data", id}, 128 << 20},
	}
}

func TestProbe(t *testing.T) {
	for name, m := range makers() {
		t.Run(name, func(t *testing.T) {
			tool := needed.Program(t, m.command[0])
			file := filepath.Join(t.TempDir(), "image")
			if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, m.size)); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(tool, append(m.command[1:], file)...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if got, ok := Probe(f); !ok || got != m.want {
				t.Errorf("Probe = %+v, %v; want %+v", got, ok, m.want)
			}
		})
	}
}

func TestProbeISO(t *testing.T) {
	b := make([]byte, 17*2048)
	v := b[16*2048:]
	copy(v, "\x01CD001\x01")
	copy(v[40:], "IMGBUILD                        ")
	copy(v[813:], "2024010203040500")
	copy(v[830:], "0000000000000000")
	got, ok := Probe(bytes.NewReader(b))
	if want := (Identity{"iso9660", "IMGBUILD", "2024-01-02-03-04-05-00"}); !ok || got != want {
		t.Errorf("Probe = %+v, %v; want %+v", got, ok, want)
	}
}

func FuzzProbe(f *testing.F) {
	f.Add([]byte("XFSB"))
	ext := make([]byte, 2048)
	copy(ext[1024+0x38:], "\x53\xef")
	f.Add(ext)
	fat := make([]byte, 512)
	copy(fat[82:], "FAT32   ")
	copy(fat[510:], "\x55\xaa")
	f.Add(fat)
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, ok := Probe(bytes.NewReader(b)); ok == (got.Type == "") {
			t.Errorf("Probe = %+v, %v", got, ok)
		}
	})
}

func TestFind(t *testing.T) {
	ext := func(label string) string {
		b := make([]byte, 2048)
		copy(b[1024+0x38:], "\x53\xef")
		copy(b[1024+0x78:], label)
		file := filepath.Join(t.TempDir(), "dev")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	disks := map[string]string{"/dev/vda": ext("data"), "/dev/vdb": ext("twin"), "/dev/cciss/c0d0": ext("twin"), "/dev/vdc1": ext("part"),
		"/dev/sr0": "an empty drive", "/dev/vdc": "a disk that is not ready", "/dev/vdc2": "a partition that is not ready"}
	sys := fstest.MapFS{}
	for name, size := range map[string]string{"vda": "16", "vdb": "16", "cciss!c0d0": "16", "sr0": "0", "gone": "8", "vdc": "8", "vdc1": "8", "vdc2": "8"} {
		sys["class/block/"+name+"/size"] = &fstest.MapFile{Data: []byte(size + "\n")}
		if name != "vdc" {
			sys["class/block/"+name+"/bdi"] = &fstest.MapFile{Mode: fs.ModeDir}
		}
	}
	for _, part := range []string{"vdc1", "vdc2"} {
		sys["class/block/"+part+"/partition"] = &fstest.MapFile{}
	}
	sys["class/block/vdc1/holders"] = &fstest.MapFile{Mode: fs.ModeDir}
	open := func(name string) (*os.File, error) {
		if strings.Contains(disks[name], " ") {
			t.Errorf("opened %s", disks[name])
		}
		return os.Open(disks[name])
	}
	for label, want := range map[string]string{"data": "/dev/vda", "part": "/dev/vdc1", "nothing": ""} {
		if got, _, err := (Devices{Sys: sys, Open: open, Alone: nobody}).Find(Wanted{Label: label}); got != want || err != nil {
			t.Errorf("%s is on %q, %v; want %q", label, got, err, want)
		}
	}
	if got, _, err := (Devices{Sys: sys, Open: open, Alone: nobody}).Find(Wanted{Label: "twin"}); err == nil {
		t.Errorf("two file systems answer alike, and %q is taken", got)
	}
	// By its path; the kernel's character device stands for a disk that is there.
	for what, at := range map[string]fstest.MapFS{
		"no size":   {"class/block/null/size": {Data: []byte("0\n")}, "class/block/null/bdi": {Mode: fs.ModeDir}},
		"not ready": {"class/block/null/size": {Data: []byte("8\n")}},
		"ready":     {"class/block/null/size": {Data: []byte("8\n")}, "class/block/null/bdi": {Mode: fs.ModeDir}},
	} {
		want := ""
		if what == "ready" {
			want = "/dev/null"
		}
		if got, _, err := (Devices{Sys: at, Open: open, Alone: nobody}).Find(Wanted{Device: "/dev/null"}); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", what, got, err, want)
		}
	}
	if got, _, err := (Devices{Sys: sys, Open: open, Alone: nobody}).Find(Wanted{Device: "/dev/no such disk"}); got != "" || err != nil {
		t.Errorf("a path to nothing: %q, %v", got, err)
	}
	if got, _, err := (Devices{Sys: fstest.MapFS{}, Open: open, Alone: nobody}).Find(Wanted{Label: "data"}); got != "" || err != nil {
		t.Errorf("no disks at all: %q, %v", got, err)
	}
}
