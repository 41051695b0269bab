package grub

import (
	"bytes"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/uki"
)

// Files of an EFI system partition.
const (
	// ProgramPath is where firmware looks on a disk that it was told nothing about (UEFI specification, section 3.5.1.1).
	ProgramPath = "EFI/BOOT/BOOTX64.EFI"
	// ConfigPath is where a BIOS's GRUB looks for its menu.
	ConfigPath = "boot/grub/grub.cfg"

	memtestBIOS = "boot/memtest.bin"
	memtestUEFI = "boot/memtest.efi"
)

// names are those of a medium's files.
type names struct{ program, folder, memtestBIOS, memtestUEFI string }

var (
	namesOnESP  = names{ProgramPath, "EFI/Linux/", memtestBIOS, memtestUEFI}
	namesInSlot = names{slotProgram, "", slotMemtestBIOS, slotMemtestUEFI}
)

// Memtest is memtest86+: for a BIOS, and for UEFI.
type Memtest struct {
	BIOS, UEFI []byte
}

// parts are the sections of a UKI that a menu's entries start.
var parts = []struct{ file, section string }{{LinuxFile, ".linux"}, {InitrdFile, ".initrd"}}

// MediumConfig is what a medium starts, and by what.
type MediumConfig struct {
	Menu Menu
	// UKI holds kernel and initrd, Name is what its file is called.
	UKI  extent.Content
	Name string
	// EFI shows the menu on UEFI. Without it UEFI starts the UKI, as of NoMenu.
	EFI *EFILoader
	// Memtest is needed by menus that have a MemoryTest.
	Memtest *Memtest
	// Sign signs UEFI programs; nil where nothing is signed.
	Sign func(extent.Content) (*extent.Image, error)
	// Slot: it is what lies in a slot of a disk, and not in a system partition.
	Slot bool
}

// Medium is what lies on a medium for GRUB, whatever the medium is: kernel and initrd once, the menus of both firmwares, and what
// shows these. Where nothing is signed kernel and initrd are in a UKI, out of which both read them by their sectors. Where all must be
// signed they are in the UEFI program, with the menu, and the BIOS's GRUB reads them there.
type Medium struct {
	c     MediumConfig
	names names
	// signed is the program that has all in it; program what is in it where.
	signed  extent.Content
	program Program
}

// NoMenu is a medium for UEFI alone, which starts a UKI at once.
func NoMenu(image extent.Content) *Medium {
	return &Medium{c: MediumConfig{UKI: image}, names: namesOnESP}
}

// NewMedium composes what does not depend on where it lies.
func NewMedium(c MediumConfig) (*Medium, error) {
	m := &Medium{c: c, names: namesOnESP}
	if c.Slot {
		m.names = namesInSlot
	}
	if c.EFI == nil || c.Sign == nil {
		return m, nil
	}
	config, err := Config(c.Menu, Site{Firmware: UEFI, Fixed: true, Slot: c.Slot, File: func(name string) string { return "(memdisk)/" + name }})
	if err != nil {
		return nil, err
	}
	files := []Member{{"boot/grub/grub.cfg", bytes.NewReader(config)}}
	for _, part := range parts {
		s, err := uki.Find(c.UKI, part.section)
		if err != nil {
			return nil, err
		}
		files = append(files, Member{part.file, extent.Section(c.UKI, s.Offset, s.Size)})
	}
	if c.Menu.Has(MemoryTest{}) {
		files = append(files, Member{MemtestFile, bytes.NewReader(c.Memtest.UEFI)})
	}
	if m.program, err = c.EFI.Program(files); err != nil {
		return nil, err
	}
	m.signed, err = c.Sign(m.program.Image)
	return m, err
}

// Place is where files of the system partition lie on the medium.
type Place struct {
	// Offset is where a file begins, in bytes from where GRUB counts: the partition's start.
	Offset func(path string) int64
	// Whole: GRUB counts from the start of the whole medium.
	Whole bool
}

// Files are those of the system partition, but for the BIOS's menu. In a first round nobody knows the place yet, and it is nil. What it
// is asked for comes first, so that it does not move in the second round.
func (m *Medium) Files(at *Place) ([]fat.File, error) {
	if m.c.EFI == nil {
		return []fat.File{{Path: m.names.program, Content: m.c.UKI}}, nil
	}
	files := []fat.File{{Path: m.Payload(), Content: m.c.UKI}}
	if m.signed != nil {
		files[0].Content = m.signed
	}
	if m.c.Menu.Has(MemoryTest{}) {
		files = append(files, fat.File{Path: m.names.memtestBIOS, Content: bytes.NewReader(m.c.Memtest.BIOS)})
		if m.signed == nil {
			files = append(files, fat.File{Path: m.names.memtestUEFI, Content: bytes.NewReader(m.c.Memtest.UEFI)})
		}
	}
	if m.signed != nil {
		return files, nil
	}
	config, err := m.config(UEFI, at)
	if err != nil {
		return nil, err
	}
	program, err := m.c.EFI.Program([]Member{{"boot/grub/grub.cfg", bytes.NewReader(config)}})
	return append(files, fat.File{Path: m.names.program, Content: program.Image}), err
}

// BIOSMenu is grub.cfg for a BIOS.
func (m *Medium) BIOSMenu(at *Place) ([]byte, error) { return m.config(BIOS, at) }

// Payload is the file that kernel and initrd are in.
func (m *Medium) Payload() string {
	if m.signed != nil || m.c.EFI == nil {
		return m.names.program
	}
	return m.names.folder + m.c.Name
}

// Part is where LinuxFile or InitrdFile lies, in bytes from where GRUB counts, and its size.
func (m *Medium) Part(at *Place, file string) (offset, size int64, err error) {
	for _, part := range parts {
		if part.file != file {
			continue
		}
		s, err := uki.Find(m.c.UKI, part.section)
		if err != nil {
			return 0, 0, err
		}
		offset := s.Offset
		if m.signed != nil {
			offset = m.program.Offset(part.file)
		}
		return at.Offset(m.Payload()) + offset, s.Size, nil
	}
	panic("BUG: a medium has no part " + file)
}

// Archive is what a slot holds behind its manifest, as an archive that begins at byte start of it. A BIOS's menu is in it, too.
// Place says where files lie in the slot.
func (m *Medium) Archive(start int64) (*extent.Image, *Place, error) {
	var at *Place
	for {
		files, err := m.Files(at)
		if err != nil {
			return nil, nil, err
		}
		config, err := m.BIOSMenu(at)
		if err != nil {
			return nil, nil, err
		}
		var members []Member
		for _, f := range files {
			members = append(members, Member{f.Path, f.Content})
		}
		image, offsets, err := Archive(append(members, Member{slotConfig, bytes.NewReader(config)}))
		if err != nil || at != nil {
			return image, at, err
		}
		at = &Place{Offset: func(path string) int64 { return start + offsets[path] }}
	}
}

// config is a menu of which the entries' files are runs of sectors.
func (m *Medium) config(f Firmware, at *Place) ([]byte, error) {
	if at == nil {
		at = &Place{Offset: func(string) int64 { return 0 }}
	}
	blocks := map[string]Blocks{}
	for _, part := range parts {
		offset, size, err := m.Part(at, part.file)
		if err != nil {
			return nil, err
		}
		blocks[part.file] = BlocksOf(offset, size)
	}
	if m.c.Menu.Has(MemoryTest{}) {
		path, content := m.names.memtestBIOS, m.c.Memtest.BIOS
		if f == UEFI {
			path, content = m.names.memtestUEFI, m.c.Memtest.UEFI
		}
		blocks[MemtestFile] = BlocksOf(at.Offset(path), int64(len(content)))
	}
	return Config(m.c.Menu, Site{Firmware: f, Whole: at.Whole, Slot: m.c.Slot, File: func(name string) string { return blocks[name].String() }})
}
