package grub

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/build/unpacked"
	"github.com/imgbuild/imgbuild/internal/scratch"
)

// The folders in which GRUB looks for grub.cfg. It knows the disk that the BIOS
// started it from, so that two disks with the same image do not confuse it.
const (
	// DiskPrefix is on the disk's second partition, the EFI system partition.
	DiskPrefix = "(,gpt2)/boot/grub"
	// ISOPrefix is on the CD, or on the whole stick that an ISO was written to.
	ISOPrefix = "/boot/grub"
)

// modules are what Config's commands need on disks and CDs, and what a person may
// want at GRUB's prompt: no module is ever loaded from a file.
var modules = strings.Fields("biosdisk part_gpt fat iso9660 tar loadenv normal linux serial terminal configfile echo test regexp sleep ls cat all_video reboot halt chain drivemap minicmd password_pbkdf2 gcry_sha512")

// What grub-mkimage makes images for.
const (
	biosPlatform = "i386-pc"
	efiPlatform  = "x86_64-efi"
)

// Platforms are folders of modules.
var Platforms = []string{biosPlatform, efiPlatform}

// Tools are the unpacked packages grub-common, grub-pc-bin and grub-efi-amd64-bin, and what they depend
// on: a folder with usr/lib/grub/i386-pc, usr/lib/grub/x86_64-efi, usr/bin/grub-mkimage and its libraries.
type Tools struct {
	Root string
}

// DiskLoader is what starts from a disk: boot.img and a core image with DiskPrefix.
type DiskLoader struct {
	Boot, Core []byte
}

// ISOLoader is what starts from an ISO: boot_hybrid.img where it was written to a
// stick, cdboot.img on a CD, and a core image with ISOPrefix for both.
type ISOLoader struct {
	Hybrid, CD, Core []byte
}

// Disk makes the loader for disks. Equal packages give equal bytes.
func (t Tools) Disk(ctx context.Context) (*DiskLoader, error) {
	var l DiskLoader
	err := errors.Join(t.read(&l.Boot, "boot.img"), t.image(ctx, &l.Core, biosPlatform, DiskPrefix, modules...))
	if err != nil {
		return nil, fmt.Errorf("making GRUB for disks: %w", err)
	}
	return &l, nil
}

// ISO makes the loader for ISOs. Equal packages give equal bytes.
func (t Tools) ISO(ctx context.Context) (*ISOLoader, error) {
	var l ISOLoader
	err := errors.Join(t.read(&l.Hybrid, "boot_hybrid.img"), t.read(&l.CD, "cdboot.img"), t.image(ctx, &l.Core, biosPlatform, ISOPrefix, modules...))
	if err != nil {
		return nil, fmt.Errorf("making GRUB for ISOs: %w", err)
	}
	return &l, nil
}

func (t Tools) read(to *[]byte, name string) (err error) {
	*to, err = os.ReadFile(filepath.Join(t.modules(biosPlatform), name))
	return err
}

func (t Tools) modules(platform string) string {
	return filepath.Join(t.Root, "usr/lib/grub", platform)
}

// image runs grub-mkimage.
func (t Tools) image(ctx context.Context, to *[]byte, platform, prefix string, modules ...string) error {
	dir, err := scratch.New("")
	if err != nil {
		return err
	}
	defer dir.Remove()
	out := dir.Join("core.img")
	args := []string{"-d", t.modules(platform), "-O", platform, "-p", prefix, "-o", out}
	if platform == efiPlatform {
		// Whose signature counts the firmware knows; shim, which would bring keys of its own, has no part in it.
		args = append(args, "--disable-shim-lock")
	}
	if err := (unpacked.Program{Root: t.Root, Path: "usr/bin/grub-mkimage"}).Run(ctx, append(args, modules...)...); err != nil {
		return err
	}
	*to, err = os.ReadFile(out)
	return err
}
