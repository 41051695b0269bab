package disk

import (
	"io/fs"
	"testing"
	"testing/fstest"
)

// machine is the part of /sys that tells of two disks, a partition and an array.
func machine() fs.FS {
	link := func(to string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink} }
	text := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s + "\n")} }
	const sda, sdb, md = "devices/pci/block/sda", "devices/pci/block/sdb", "devices/virtual/block/md_data"
	return fstest.MapFS{
		"class/block/sda": link("../../" + sda), "class/block/sda1": link("../../" + sda + "/sda1"),
		"class/block/sdb": link("../../" + sdb), "class/block/md_data": link("../../" + md),
		sda + "/size": text("1953525168"), sda + "/device": link("../../0:0:0:0"), "devices/pci/0:0:0:0/model": text("WDC WD10EZEX    "),
		"devices/pci/0:0:0:0/vpd_pg80": {Data: []byte("\x00\x80\x00\x0cWD WCC-1234 ")}, sda + "/slaves": {Mode: fs.ModeDir},
		sda + "/sda1/partition": text("1"), sda + "/sda1/start": text("2048"), sda + "/sda1/size": text("131072"),
		sdb + "/size": text("0"),
		md + "/size":  text("129024"), md + "/slaves/sda1": link("../../../../../" + sda + "/sda1"),
		"dev/block/8:0": link("../../" + sda),
	}
}

func TestOf(t *testing.T) {
	for name, want := range map[string]struct{ text, word string }{
		"sda":     {"sda (931.5 GiB, at 0:0:0:0, serial WD WCC-1234)", "WD WCC-1234"},
		"sda1":    {"sda1 (64 MiB, at 0:0:0:0, serial WD WCC-1234)", "WD WCC-1234"},
		"md_data": {"md_data (63 MiB, on sda1 (64 MiB, at 0:0:0:0, serial WD WCC-1234))", "md_data/66060288"},
	} {
		d, err := Of(machine(), name)
		if err != nil || d.String() != want.text || d.Word() != want.word {
			t.Errorf("%s: %q, %q, %v", name, d, d.Word(), err)
		}
	}
	d, err := Of(machine(), "sda")
	if err != nil || d.Model != "WDC WD10EZEX" || len(d.Partitions) != 1 || d.Partitions[0].Start != 1<<20 || d.Partitions[0].Disk != "sda" {
		t.Errorf("%+v, %v", d, err)
	}
	for _, name := range []string{"sdx", "", "../sda", "."} {
		if _, err := Of(machine(), name); err == nil {
			t.Errorf("%q is a block device", name)
		}
	}
	if names := Names(machine()); len(names) != 2 || names[0] != "md_data" || names[1] != "sda" {
		t.Errorf("disks with a size: %q", names)
	}
	for _, file := range []string{"/dev/null", "/nothing", "/"} {
		if d, err := At(machine(), file); err == nil {
			t.Errorf("%s is %v", file, d)
		}
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1 << 20: "1 MiB", 500107862016: "465.8 GiB", 8 << 40: "8 TiB"} {
		if got := Size(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
