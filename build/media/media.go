// Package media composes what a kernel and its initramfs are booted from: UEFI programs, disks, ISOs.
package media

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/build/disk"
	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/iso"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/qcow"
	"github.com/imgbuild/imgbuild/build/segments"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/build/vhd"
	"github.com/imgbuild/imgbuild/build/vmdk"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/site"
)

// Name is the file that a format is written to; for netboot that is the script. FormatKernel is
// several files, and has none here.
func Name(p *profile.Profile, f profile.Format) string {
	return string(p.Name) + map[profile.Format]string{
		profile.FormatUKI: ".efi", profile.FormatISO: ".iso", profile.FormatNetboot: ".ipxe", profile.FormatDisk: p.Disk.Format.Suffix(), profile.FormatUpdate: ".update",
	}[f]
}

// Image is what media are made of, besides Tools.
type Image struct {
	Profile *profile.Profile
	Plan    *plan.Plan
	// Epoch is the time that all files bear.
	Epoch time.Time
	// Open opens files of the plan, Initrd are its segments.
	Open   tree.Opener
	Initrd []segments.Packed
	// Signer is nil where nothing is signed.
	Signer *Signer
}

// Set is the media that a profile's formats ask for. What they are made of is open until Close.
type Set struct {
	Media []Medium
	files closers
}

// Close closes the files that media are read from.
func (s *Set) Close() { s.files.close() }

// Compose says what media the image's profile asks for. The unified kernel image is composed once, and
// signed once, for all of them.
func (t *Tools) Compose(i Image) (_ *Set, err error) {
	s := new(Set)
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	unified, err := t.unified(i, &s.files)
	if err != nil {
		return nil, err
	}
	state, err := t.openState(&s.files)
	if err != nil {
		return nil, err
	}
	p := i.Profile
	var boot *grub.Medium
	if p.Writes(profile.FormatISO) || p.Writes(profile.FormatDisk) && p.Slots() == 1 {
		if boot, err = grub.NewMedium(t.menuOf(i, unified)); err != nil {
			return nil, fmt.Errorf("composing the boot menu of %s: %w", i.Plan.Name, err)
		}
	}
	var inSlot *extent.Image
	if p.Writes(profile.FormatUpdate) || p.Writes(profile.FormatDisk) && p.Slots() == 2 {
		if inSlot, err = t.composeSlot(i, unified); err != nil {
			return nil, err
		}
	}
	if p.Writes(profile.FormatUKI, profile.FormatNetboot) {
		s.add(p, profile.FormatUKI, func() (*extent.Image, error) { return unified, nil })
	}
	if p.Writes(profile.FormatDisk) {
		s.add(p, profile.FormatDisk, func() (*extent.Image, error) { return t.composeDisk(i, boot, unified, inSlot, state) })
	}
	if p.Writes(profile.FormatUpdate) {
		s.add(p, profile.FormatUpdate, func() (*extent.Image, error) { return inSlot, nil })
	}
	if p.Writes(profile.FormatISO) {
		s.add(p, profile.FormatISO, func() (*extent.Image, error) {
			return iso.New(iso.Config{Name: i.Plan.Name, Epoch: i.Epoch, Boot: boot, GRUB: t.ISO, ESPFiles: espFiles(p), Spare: int64(p.Disk.Spare)})
		})
	}
	return s, nil
}

func (s *Set) add(p *profile.Profile, f profile.Format, compose func() (*extent.Image, error)) {
	s.Media = append(s.Media, Medium{Name(p, f), compose})
}

// menuOf is what media start, and by what.
func (t *Tools) menuOf(i Image, unified *extent.Image) grub.MediumConfig {
	c := grub.MediumConfig{Menu: menu(i.Plan, i.Profile), UKI: unified, Name: Name(i.Profile, profile.FormatUKI), EFI: t.EFI, Memtest: t.Memtest}
	if i.Signer != nil {
		c.Sign = i.Signer.sign
	}
	return c
}

// composeDisk is a disk, stored as the profile says.
func (t *Tools) composeDisk(i Image, boot *grub.Medium, unified, inSlot *extent.Image, state extent.Content) (*extent.Image, error) {
	p, name := i.Profile, i.Plan.Name
	slots, err := t.slots(i, unified, inSlot)
	if err != nil {
		return nil, err
	}
	raw, _, err := disk.New(disk.Config{Name: name, Epoch: i.Epoch, Boot: boot, Slots: slots, GRUB: t.Disk,
		Files: espFiles(p), Spare: int64(p.Disk.Spare), State: int64(p.Disk.State), StateImage: state})
	if err != nil {
		return nil, err
	}
	switch p.Disk.Format {
	case profile.DiskQCOW2:
		return qcow.New(raw)
	case profile.DiskVHD:
		return vhd.New(raw, layout.Derive(name, "vhd"), i.Epoch)
	case profile.DiskVMDK:
		return vmdk.New(raw, Name(p, profile.FormatDisk), layout.Derive(name, "vmdk").VolumeID())
	}
	return raw, nil
}

// espFiles are what lies beside the UKI for people: a site.toml to fill in, where the profile takes
// one.
func espFiles(p *profile.Profile) []fat.File {
	if p.Site == nil {
		return nil
	}
	return []fat.File{{Path: site.Name, Content: strings.NewReader(site.Example(&p.Machine, features.SiteExamples()...))}}
}

// IPXE is the script that iPXE (https://ipxe.org/scripting) fetches and runs. The
// files lie where it lies itself. initrd= is what the kernel's own UEFI start asks for.
func IPXE(p *plan.Plan) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "#!ipxe\nkernel %[1]s-kernel initrd=%[1]s-initrd.img %[2]s\ninitrd %[1]s-initrd.img\nboot\n", p.Name, p.Cmdline)
	return b.Bytes()
}
