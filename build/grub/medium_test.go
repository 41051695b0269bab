package grub_test

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/pe"
	"encoding/binary"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/build/uki/ukitest"
	"github.com/imgbuild/imgbuild/internal/needed"
)

var (
	kernel  = ukitest.Kernel("6.1.0-56-amd64", 300_001)
	initrd  = ukitest.Kernel("initrd", 200_300)
	memtest = &grub.Memtest{BIOS: []byte("of a BIOS"), UEFI: []byte("of UEFI")}
)

func efi(t *testing.T) *grub.EFILoader {
	t.Helper()
	needed.Program(t, "grub-mkimage")
	needed.File(t, "/usr/lib/grub/x86_64-efi/moddep.lst")
	l, err := grub.Tools{Root: "/"}.EFI(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func medium(t *testing.T, sign func(extent.Content) (*extent.Image, error)) *grub.Medium {
	t.Helper()
	image, err := uki.New(ukitest.Stub(1024), uki.Parts{Linux: bytes.NewReader(kernel), Initrd: bytes.NewReader(initrd), Cmdline: "quiet"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := grub.NewMedium(grub.MediumConfig{Menu: menu(), UKI: image, Name: "box.efi", EFI: efi(t), Memtest: memtest, Sign: sign})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// volume is a system partition as GRUB sees it: files at multiples of 512, and where they are.
type volume struct {
	bytes []byte
	at    map[string]int64
}

// laid lays a medium's files out, twice as writers of media do: none that is asked for moves.
func laid(t *testing.T, m *grub.Medium) (v volume, place *grub.Place) {
	t.Helper()
	for range 2 {
		files, err := m.Files(place)
		if err != nil {
			t.Fatal(err)
		}
		v = volume{make([]byte, 4096), map[string]int64{}}
		for _, f := range files {
			v.at[f.Path] = int64(len(v.bytes))
			content, err := io.ReadAll(io.NewSectionReader(f.Content, 0, f.Content.Size()))
			if err != nil {
				t.Fatal(err)
			}
			v.bytes = append(v.bytes, content...)
			v.bytes = append(v.bytes, make([]byte, -len(v.bytes)&511)...)
		}
		place = &grub.Place{Offset: func(path string) int64 { return v.at[path] }}
	}
	return v, place
}

// leadsTo demands that commands of a menu name the sectors of contents.
func (v volume) leadsTo(t *testing.T, config string, commands map[string][]byte) {
	t.Helper()
	for command, want := range commands {
		m := regexp.MustCompile(regexp.QuoteMeta(command) + ` \(\$root\)(\d+)\+(\d+)`).FindStringSubmatch(config)
		if m == nil {
			t.Errorf("no %q in\n%s", command, config)
			continue
		}
		start, _ := strconv.Atoi(m[1])
		count, _ := strconv.Atoi(m[2])
		if got := v.bytes[start*512:][:count*512]; !bytes.HasPrefix(got, want) || len(got)-len(want) >= 512 {
			t.Errorf("%q does not lead to its %d bytes", command, len(want))
		}
	}
}

// carried reads what a program of GRUB carries as GRUB does: the section "mods" is a list of objects, of which one is a tar archive.
func carried(t *testing.T, program []byte) map[string][]byte {
	t.Helper()
	f, err := pe.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	mods, err := f.Section("mods").Data()
	if err != nil {
		t.Fatal(err)
	}
	u32, size := binary.LittleEndian.Uint32, binary.LittleEndian.Uint64(mods[16:])
	files := map[string][]byte{}
	for at := binary.LittleEndian.Uint64(mods[8:]); at < size; at += uint64(u32(mods[at+4:])) {
		if u32(mods[at:]) != 1 {
			continue
		}
		r := tar.NewReader(bytes.NewReader(mods[at+8 : at+uint64(u32(mods[at+4:]))]))
		for h, err := r.Next(); err != io.EOF; h, err = r.Next() {
			if err != nil {
				t.Fatal(err)
			}
			if files[h.Name], err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	return files
}

// Where nothing is signed, the menus of both firmwares lead to the one kernel and initrd, in the UKI, and each to its own memory test.
func TestMedium(t *testing.T) {
	m := medium(t, nil)
	v, place := laid(t, m)
	config, err := m.BIOSMenu(place)
	if err != nil {
		t.Fatal(err)
	}
	v.leadsTo(t, string(config), map[string][]byte{"linux": kernel, "initrd": initrd, "m {\n  linux": memtest.BIOS})
	program := v.bytes[v.at[grub.ProgramPath]:]
	files := carried(t, program)
	if len(files) != 1 {
		t.Errorf("the program carries %d files", len(files))
	}
	v.leadsTo(t, string(files["boot/grub/grub.cfg"]), map[string][]byte{"linux": kernel, "initrd": initrd, "m {\n  linux": memtest.UEFI})
	if n := bytes.Count(v.bytes, kernel); n != 1 {
		t.Errorf("the kernel is there %d times", n)
	}
}

// Where all is signed, UEFI's menu takes everything from the signed program, and a BIOS reads the one kernel and initrd there.
func TestSignedMedium(t *testing.T) {
	var toSign []byte
	m := medium(t, func(c extent.Content) (*extent.Image, error) {
		var err error
		toSign, err = io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
		signed := extent.New(c.Size() + 8)
		signed.Place(0, c)
		return signed, err
	})
	v, place := laid(t, m)
	if got := []string{grub.ProgramPath, "boot/memtest.bin"}; len(v.at) != len(got) || v.at[got[0]] == 0 || v.at[got[1]] == 0 {
		t.Errorf("the system partition has %v", v.at)
	}
	config, err := m.BIOSMenu(place)
	if err != nil {
		t.Fatal(err)
	}
	v.leadsTo(t, string(config), map[string][]byte{"linux": kernel, "initrd": initrd, "m {\n  linux": memtest.BIOS})
	files := carried(t, toSign)
	listed, err := grub.Carried(bytes.NewReader(toSign))
	if err != nil || len(listed) != len(files) {
		t.Errorf("readers of images see %d files of %d: %v", len(listed), len(files), err)
	}
	for _, f := range listed {
		if content, err := io.ReadAll(io.NewSectionReader(f.Content, 0, f.Content.Size())); err != nil || !bytes.Equal(content, files[f.Name]) {
			t.Errorf("readers of images see %d bytes of %s: %v", len(content), f.Name, err)
		}
	}
	for name, want := range map[string][]byte{"linux": kernel, "initrd": initrd, "memtest": memtest.UEFI} {
		if !bytes.Equal(files[name], want) {
			t.Errorf("%s has %d bytes, want %d", name, len(files[name]), len(want))
		}
	}
	uefi := string(files["boot/grub/grub.cfg"])
	for _, line := range []string{"set superusers=nobody", "  linux (memdisk)/linux console=tty0 console=ttyS0,115200n8", "  initrd (memdisk)/initrd", "  linux (memdisk)/memtest console=ttyS0"} {
		if !slices.Contains(strings.Split(uefi, "\n"), line) {
			t.Errorf("no %q in\n%s", line, uefi)
		}
	}
	if strings.Contains(uefi, "($root)") || strings.Contains(uefi, "chainloader") {
		t.Errorf("UEFI's menu takes something from elsewhere:\n%s", uefi)
	}
}

func TestUEFIProgramsAreReproducible(t *testing.T) {
	one, two := efi(t), efi(t)
	if !bytes.Equal(one.Kernel, two.Kernel) || !bytes.Equal(one.Modules, two.Modules) {
		t.Error("GRUB for UEFI differs between runs")
	}
	if _, err := (&grub.EFILoader{Kernel: one.Kernel, Modules: []byte("none")}).Program(nil); err == nil || !strings.Contains(err.Error(), "magic number") {
		t.Errorf("of no modules: %v", err)
	}
}
