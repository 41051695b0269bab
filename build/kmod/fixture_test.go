package kmod_test

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/imgbuild/imgbuild/build/kmod"
)

// ko makes the smallest ELF file that says what a module says of itself.
func ko(info ...string) []byte {
	const name = "\x00.modinfo\x00.shstrtab\x00"
	modinfo := strings.Join(info, "\x00") + "\x00"
	header := elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_REL), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT),
		Ehsize: 64, Shentsize: 64, Shnum: 3, Shstrndx: 2,
		Shoff: uint64(64 + len(modinfo) + len(name)),
	}
	sections := []elf.Section64{{},
		{Name: 1, Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC), Off: 64, Size: uint64(len(modinfo)), Addralign: 1},
		{Name: 10, Type: uint32(elf.SHT_STRTAB), Off: uint64(64 + len(modinfo)), Size: uint64(len(name)), Addralign: 1},
	}
	var b bytes.Buffer
	for _, part := range []any{header, []byte(modinfo), []byte(name), sections} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

func packed(t testing.TB, suffix string, data []byte) *fstest.MapFile {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch suffix {
	case ".gz":
		w := gzip.NewWriter(&b)
		w.Write(data)
		err = w.Close()
	case ".xz":
		w, _ := xz.NewWriter(&b)
		w.Write(data)
		err = w.Close()
	case ".zst":
		w, _ := zstd.NewWriter(&b)
		w.Write(data)
		err = w.Close()
	default:
		b.Write(data)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: b.Bytes()}
}

const (
	release = "6.1.0-test"
	dir     = "lib/modules/" + release + "/"
)

// kernel is a package with every way that modules hang together.
func kernel(t testing.TB) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{
		dir + "modules.order":   {Data: []byte("kernel/lib/crc_b.ko\nkernel/lib/crc_a.ko\nkernel/drivers/net/e1000e.ko\n")},
		dir + "modules.builtin": {Data: []byte("kernel/fs/nls/nls_base.ko\nkernel/lib/crc-builtin.ko\n")},
		dir + "modules.builtin.modinfo": {Data: []byte("crc_builtin.alias=crypto-crc\x00crc_builtin.license=GPL\x00" +
			"printk.parmtype=time:bool\x00printk.parm=time:Show times\nin two lines\x00")},
		// A link to where it was built, as the headers package has it.
		dir + "build": {Mode: fs.ModeSymlink | 0o777, Data: []byte("/usr/src")},
	}
	for file, data := range map[string][]byte{
		"drivers/net/e1000e.ko": ko("license=GPL", "alias=pci:v00008086d000010D3sv*", "alias=pci:v00008086d000010EAsv*", "depends=ptp,mdio-lib",
			"parm=debug:Debug level\n\tand more", "parmtype=debug:int", "parmtype=IntMode:array of int"),
		"drivers/ptp/ptp.ko.xz":       ko("depends=pps_core", "name=ptp"),
		"drivers/pps/pps_core.ko.zst": ko("depends="),
		"drivers/net/mdio-lib.ko.gz":  ko("depends=pps_core", "firmware=mdio/fw.bin"),
		"fs/ext4/ext4.ko":             ko("alias=fs-ext4", "alias=fs-ext3", "softdep=pre: crypto-crc post: after missing", "depends="),
		"fs/fat/vfat.ko":              ko("depends=", "alias=fs-vfat"),
		"fs/nls/nls_ascii.ko":         ko("depends=", "alias=nls_ascii"),
		"lib/crc_a.ko":                ko("alias=crypto-crc", "depends="),
		"lib/crc_b.ko":                ko("alias=crypto-crc", "depends="),
		"lib/after.ko":                ko("depends="),
		// Soft dependencies may go round.
		"lib/ring1.ko":  ko("depends=", "softdep=post: ring2"),
		"lib/ring2.ko":  ko("depends=", "softdep=pre: ring1"),
		"lib/broken.ko": ko("depends=not_there"),
	} {
		suffix := file[strings.LastIndex(file, ".ko")+3:]
		fsys[dir+"kernel/"+file] = packed(t, suffix, data)
	}
	return fsys
}

func scan(t testing.TB) *kmod.Index {
	t.Helper()
	x, err := kmod.Scan(kernel(t), release)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
