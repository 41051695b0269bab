package grub_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/internal/needed"
)

func menu() grub.Menu {
	return grub.Menu{
		Entries: []grub.Entry{
			{Title: "headless", Hotkey: "n", Cmdline: "console=tty0 console=ttyS0,115200n8"},
			{Title: "it's headless (rescue)", Hotkey: "r", Cmdline: `console=ttyS0 dyndbg="file x +p" a;b uinit.rescue`},
		},
		Seconds: 1, Hidden: true, Serial: &grub.Serial{Unit: 0, Baud: 115200},
	}
}

func TestConfig(t *testing.T) {
	got, err := grub.Config(menu(), grub.BlocksOf(1024, 513), grub.BlocksOf(1<<20, 1024))
	if err != nil {
		t.Fatal(err)
	}
	const want = `if serial --unit=0 --speed=115200; then
  terminal_input --append serial
  terminal_output --append serial
fi
echo 'Esc: menu, n: headless, r: it'\''s headless (rescue)'
set timeout_style=hidden
set timeout=1
menuentry headless --hotkey=n {
  linux ($root)2+2 console=tty0 console=ttyS0,115200n8
  initrd ($root)2048+2
}
menuentry 'it'\''s headless (rescue)' --hotkey=r {
  linux ($root)2+2 console=ttyS0 'dyndbg=file x +p' 'a;b' uinit.rescue
  initrd ($root)2048+2
}
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	check := needed.Program(t, "grub-script-check")
	cmd := exec.Command(check)
	cmd.Stdin = bytes.NewReader(got)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("grub-script-check: %v\n%s", err, out)
	}
}

// With a password all but the unguarded entry wants it; nothing comes before it that could fail.
func TestPassword(t *testing.T) {
	m := menu()
	m.PasswordHash, m.Entries[0].Unguarded = "grub.pbkdf2.sha512.10000.AA.BB", true
	got, err := grub.Config(m, grub.BlocksOf(0, 512), grub.BlocksOf(512, 512))
	if err != nil {
		t.Fatal(err)
	}
	if begin := "set superusers=root\npassword_pbkdf2 root grub.pbkdf2.sha512.10000.AA.BB\nif serial "; !strings.HasPrefix(string(got), begin) {
		t.Errorf("it begins with %.120q, want %q", got, begin)
	}
	var entries []string
	for line := range strings.Lines(string(got)) {
		if strings.HasPrefix(line, "menuentry ") {
			entries = append(entries, strings.TrimSpace(line))
		}
	}
	want := []string{"menuentry headless --hotkey=n --unrestricted {", `menuentry 'it'\''s headless (rescue)' --hotkey=r {`}
	if !slices.Equal(entries, want) {
		t.Errorf("entries %q, want %q", entries, want)
	}
}

func TestWhatGRUBCannotPassOn(t *testing.T) {
	for want, entry := range map[string]grub.Entry{
		"a quotation mark is not closed":   {Title: "x", Cmdline: `a="b c`},
		`GRUB cannot hand \ and '`:         {Title: "x", Cmdline: `a=\n`},
		"GRUB cannot hand":                 {Title: "x", Cmdline: `it's`},
		`the control character '\n'`:       {Title: "x", Cmdline: "a\nb"},
		`the control character '\x1b'`:     {Title: "\x1bx"},
		`hotkey "ab" is not one printable`: {Title: "x", Hotkey: "ab"},
	} {
		_, err := grub.Config(grub.Menu{Entries: []grub.Entry{entry}}, grub.Blocks{}, grub.Blocks{})
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
