package grub_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os/exec"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/internal/needed"
)

func menu() grub.Menu {
	return grub.Menu{
		Name: "it's headless",
		Entries: []grub.Entry{
			{Title: "Start headless", Hotkey: "s", Do: grub.Kernel{Cmdline: "console=tty0 console=ttyS0,115200n8"}, Unguarded: true},
			{Title: "Rescue: a root shell", Hotkey: "r", Do: grub.Kernel{Cmdline: `console=ttyS0 dyndbg="file x +p" a;b uinit.rescue`}},
			{Title: "Test the memory", Hotkey: "m", Do: grub.MemoryTest{Cmdline: "console=ttyS0"}, Unguarded: true},
			{Title: "Another disk", Do: grub.NextDisk{}, Unguarded: true},
		},
		Seconds: 1, Serial: &grub.Serial{Unit: 0, Baud: 115200},
	}
}

// blocks has each file where a test can tell it.
func blocks(name string) string {
	return map[string]grub.Blocks{
		grub.LinuxFile: grub.BlocksOf(1024, 513), grub.InitrdFile: grub.BlocksOf(1<<20, 1024), grub.MemtestFile: grub.BlocksOf(2<<20, 1),
	}[name].String()
}

const hintAndSerial = `function hint {
  clear
  echo 'it'\''s headless starts in a second. Keys:'
  echo '  [s] Start headless'
  echo '  [r] Rescue: a root shell'
  echo '  [m] Test the memory'
  echo '  [Esc] Show this as a menu, and wait'
}
if serial --unit=0 --speed=115200; then
  terminal_input --append serial
  hint
  terminal_output serial
  hint
  terminal_output --append console
else
  hint
fi
set timeout_style=hidden
set timeout=1
`

func config(t *testing.T, m grub.Menu, at grub.Site) string {
	t.Helper()
	got, err := grub.Config(m, at)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(needed.Program(t, "grub-script-check"))
	cmd.Stdin = bytes.NewReader(got)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("grub-script-check: %v\n%s", err, out)
	}
	return string(got)
}

func TestConfig(t *testing.T) {
	const want = `regexp --set=1:medium '^([^,]*)' "$root"
` + hintAndSerial + `menuentry '[s] Start headless' --hotkey=s {
  linux ($root)2+2 console=tty0 console=ttyS0,115200n8
  initrd ($root)2048+2
}
menuentry '[r] Rescue: a root shell' --hotkey=r {
  linux ($root)2+2 console=ttyS0 'dyndbg=file x +p' 'a;b' uinit.rescue
  initrd ($root)2048+2
}
menuentry '[m] Test the memory' --hotkey=m {
  linux ($root)4096+1 console=ttyS0
}
menuentry 'Another disk' {
  for disk in `
	if got := config(t, menu(), grub.Site{Firmware: grub.BIOS, File: blocks}); !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// From UEFI the menu itself comes out of memory, and the rest from what GRUB was started from; from an ISO that is the whole medium.
func TestRootOnUEFI(t *testing.T) {
	const root = `regexp --set=1:root '^\(([^)]*)\)' "$cmdpath"
regexp --set=1:medium '^([^,]*)' "$root"
`
	for whole, want := range map[bool]string{false: root, true: root + "set root=$medium\n"} {
		if got := config(t, menu(), grub.Site{Firmware: grub.UEFI, Whole: whole, File: blocks}); !strings.HasPrefix(got, want+hintAndSerial) {
			t.Errorf("whole %v: got\n%s\nwant\n%s", whole, got, want)
		}
	}
}

// With a password all but the unguarded entries want it; where all is fixed nobody edits them, and without a password any entry may
// be chosen. Nothing comes before that could fail.
func TestWhoMayChoose(t *testing.T) {
	const hash, nobody = "grub.pbkdf2.sha512.10000.AA.BB", "set superusers=nobody\n"
	for name, tt := range map[string]struct {
		hash    string
		fixed   bool
		begin   string
		options []string // of the start, and of the rescue entry
	}{
		"open":              {"", false, "regexp ", []string{"", ""}},
		"a password":        {hash, false, "set superusers=root\npassword_pbkdf2 root " + hash + "\n", []string{" --unrestricted", ""}},
		"fixed":             {"", true, nobody + "regexp ", []string{" --unrestricted", " --unrestricted"}},
		"fixed, a password": {hash, true, nobody + "password_pbkdf2 root " + hash + "\n", []string{" --unrestricted", " --users root"}},
	} {
		m := menu()
		m.PasswordHash = tt.hash
		got := config(t, m, grub.Site{Firmware: grub.UEFI, Fixed: tt.fixed, File: func(name string) string { return "(memdisk)/" + name }})
		if !strings.HasPrefix(got, tt.begin) {
			t.Errorf("%s: it begins with %.120q, want %q", name, got, tt.begin)
		}
		for i, key := range []string{"s", "r"} {
			if want := " --hotkey=" + key + tt.options[i] + " {\n"; !strings.Contains(got, want) {
				t.Errorf("%s: no entry with %q in\n%s", name, want, got)
			}
		}
	}
}

func TestWhatGRUBCannotPassOn(t *testing.T) {
	for want, entry := range map[string]grub.Entry{
		"a quotation mark is not closed":   {Title: "x", Do: grub.Kernel{Cmdline: `a="b c`}},
		`GRUB cannot hand \ and '`:         {Title: "x", Do: grub.Kernel{Cmdline: `a=\n`}},
		"GRUB cannot hand":                 {Title: "x", Do: grub.MemoryTest{Cmdline: `it's`}},
		`the control character '\n'`:       {Title: "x", Do: grub.Kernel{Cmdline: "a\nb"}},
		`the control character '\x1b'`:     {Title: "\x1bx"},
		`hotkey "ab" is not one printable`: {Title: "x", Hotkey: "ab"},
	} {
		_, err := grub.Config(grub.Menu{Entries: []grub.Entry{entry}}, grub.Site{Firmware: grub.BIOS, File: blocks})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want ...%s...", entry, err, want)
		}
	}
}

func loaders(t *testing.T) (*grub.DiskLoader, *grub.ISOLoader) {
	t.Helper()
	needed.Program(t, "grub-mkimage")
	needed.File(t, "/usr/lib/grub/i386-pc/boot.img")
	disk, err := grub.Tools{Root: "/"}.Disk(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	iso, err := grub.Tools{Root: "/"}.ISO(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return disk, iso
}

func TestCoreImagesAreReproducible(t *testing.T) {
	disk, iso := loaders(t)
	again, isoAgain := loaders(t)
	if !bytes.Equal(disk.Core, again.Core) || !bytes.Equal(iso.Core, isoAgain.Core) || bytes.Equal(disk.Core, iso.Core) {
		t.Error("the core images differ between runs, or not between media")
	}
	if size := len(disk.Core); size > 2014*512 {
		t.Errorf("the core has %d bytes, more than there is room for in front of the first partition", size)
	}
}

func TestBootSectorsFindTheCore(t *testing.T) {
	disk, iso := loaders(t)
	u16, u64 := binary.LittleEndian.Uint16, binary.LittleEndian.Uint64
	mbr, core, err := disk.At(34)
	if err != nil {
		t.Fatal(err)
	}
	sectors := (len(core) + 511) / 512
	if len(mbr) != 440 || u64(mbr[0x5c:]) != 34 || mbr[0x64] != 0xff {
		t.Errorf("the MBR loads sector %d", u64(mbr[0x5c:]))
	}
	if u64(core[0x1f4:]) != 35 || int(u16(core[0x1fc:])) != sectors-1 || u16(core[0x1fe:]) != 0x820 {
		t.Errorf("the core continues at %d for %d of %d sectors", u64(core[0x1f4:]), u16(core[0x1fc:]), sectors)
	}
	mbr, eltorito, err := iso.At(100)
	if err != nil {
		t.Fatal(err)
	}
	if len(mbr) != 440 || u64(mbr[0x1b0:]) != 404 || u64(eltorito[2548:]) != 405 {
		t.Errorf("the MBR loads sector %d, the core continues at %d", u64(mbr[0x1b0:]), u64(eltorito[2548:]))
	}
	if block, size := binary.LittleEndian.Uint32(eltorito[12:]), binary.LittleEndian.Uint32(eltorito[16:]); block != 100 || int(size) != len(eltorito) {
		t.Errorf("the information table says block %d, %d bytes", block, size)
	}
}

func TestForeignBootSectorsAreRefused(t *testing.T) {
	core := make([]byte, 1000)
	for want, l := range map[string]grub.DiskLoader{
		"boot.img has 440 bytes":                          {Boot: make([]byte, 440), Core: core},
		"placing GRUB on a disk: the core image is empty": {Boot: make([]byte, 512)},
	} {
		if _, _, err := l.At(34); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s...", err, want)
		}
	}
	for want, l := range map[string]grub.ISOLoader{
		"cdboot.img have 512 and 0 bytes":                 {Hybrid: make([]byte, 512), Core: core},
		"placing GRUB on an ISO: the core image is empty": {Hybrid: make([]byte, 512), CD: make([]byte, 2048)},
	} {
		if _, _, err := l.At(100); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s...", err, want)
		}
	}
	missing := grub.Tools{Root: t.TempDir()}
	if _, err := missing.Disk(context.Background()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without packages: %v", err)
	}
	if _, err := missing.ISO(context.Background()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without packages: %v", err)
	}
}
