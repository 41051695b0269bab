package grub

import (
	"bytes"
	"context"
	"debug/pe"
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/uki"
)

// efiPrefix is a folder in what Program carries: nothing that the menu is made of is read from a disk.
const efiPrefix = "(memdisk)/boot/grub"

// efiModules are what Config's commands need on UEFI.
var efiModules = strings.Fields("part_gpt part_msdos fat iso9660 memdisk tar normal linux all_video chain serial terminal configfile echo true test regexp sleep ls cat reboot halt minicmd password_pbkdf2 gcry_sha512")

// EFILoader is what starts from UEFI: GRUB, and its modules apart from it.
type EFILoader struct {
	// Kernel is GRUB without modules.
	Kernel []byte
	// Modules is the content of the section in which GRUB finds them.
	Modules []byte
	// Chooser and SignedChooser are the same for choosers among slots.
	Chooser, SignedChooser []byte
}

// modulesSection is where GRUB looks for modules and for its memory disk (grub_efi_modules_addr in grub-core/kern/efi/efi.c).
const modulesSection = "mods"

// EFI makes the loader for UEFI. Equal packages give equal bytes.
func (t Tools) EFI(ctx context.Context) (*EFILoader, error) {
	l := new(EFILoader)
	if err := t.image(ctx, &l.Kernel, efiPlatform, efiPrefix); err != nil {
		return nil, fmt.Errorf("making GRUB for UEFI: %w", err)
	}
	var err error
	if l.Modules, err = t.efiModules(ctx, efiModules); err == nil {
		err = t.choosers(ctx, l)
	}
	if err != nil {
		return nil, fmt.Errorf("making GRUB for UEFI: %w", err)
	}
	return l, nil
}

// efiModules is the section with modules.
func (t Tools) efiModules(ctx context.Context, names []string) ([]byte, error) {
	var whole []byte
	if err := t.image(ctx, &whole, efiPlatform, efiPrefix, names...); err != nil {
		return nil, err
	}
	f, err := pe.NewFile(bytes.NewReader(whole))
	if err != nil {
		return nil, fmt.Errorf("reading it: %w", err)
	}
	mods := f.Section(modulesSection)
	if mods == nil {
		return nil, fmt.Errorf("reading it: it has no section %s", modulesSection)
	}
	return mods.Data()
}

// Program is a UEFI program that carries files.
type Program struct {
	*extent.Image
	offsets map[string]int64
}

// Offset is where a file's content begins in the program, in bytes; it lies there in one piece.
func (p Program) Offset(name string) int64 {
	at, ok := p.offsets[name]
	if !ok {
		panic("BUG: the program has no file " + name)
	}
	return at
}

// Program puts files into a memory disk of GRUB, from which it reads them without asking who made them: the program is signed as
// a whole. Contents begin at multiples of 512 bytes.
func (l *EFILoader) Program(files []Member) (Program, error) {
	mods, offsets, err := appendDisk(l.Modules, files)
	if err != nil {
		return Program{}, fmt.Errorf("making a UEFI program of GRUB: %w", err)
	}
	image, at, err := uki.Replace(l.Kernel, modulesSection, mods)
	if err != nil {
		return Program{}, fmt.Errorf("making a UEFI program of GRUB: %w", err)
	}
	for name := range offsets {
		offsets[name] += at
	}
	return Program{image, offsets}, nil
}
