package profile

import (
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Format is one of: kernel, uki, disk, iso, netboot, update.
type Format string

// Formats that a build writes.
const (
	// FormatKernel is the kernel, the initramfs and the command line as files.
	FormatKernel Format = "kernel"
	// FormatUKI is all three in one UEFI program.
	FormatUKI Format = "uki"
	// FormatDisk is a disk image that starts by BIOS and by UEFI.
	FormatDisk Format = "disk"
	// FormatISO is a CD image that starts as a stick too, each by BIOS and by UEFI.
	FormatISO Format = "iso"
	// FormatNetboot is what a boot server hands out: an iPXE script with its kernel
	// and initramfs, and the UEFI program.
	FormatNetboot Format = "netboot"
	// FormatUpdate is a version of the system for boxes that run another one: what a slot of their disks holds.
	FormatUpdate Format = "update"
)

// UnmarshalText accepts the formats above.
func (f *Format) UnmarshalText(b []byte) error {
	return spec.Choice(f, b, "a format", FormatKernel, FormatUKI, FormatDisk, FormatISO, FormatNetboot, FormatUpdate)
}

// Writes tells whether a build writes any of the formats.
func (p *Profile) Writes(any ...Format) bool {
	return slices.ContainsFunc(p.Formats, func(f Format) bool { return slices.Contains(any, f) })
}

// SetFormats replaces what the profile says by formats and checks again what
// depends on them. The error is Problems.
func (p *Profile) SetFormats(formats []Format) error {
	p.Formats = nil
	for _, f := range formats {
		if !slices.Contains(p.Formats, f) {
			p.Formats = append(p.Formats, f)
		}
	}
	c := crosser{p.Judge(), p}
	c.media()
	return c.Found().Sort().Err()
}

// DiskFormat is how a disk image is stored: raw, qcow2, vhd or vmdk.
type DiskFormat string

// Formats of disk images.
const (
	DiskRaw   DiskFormat = "raw"
	DiskQCOW2 DiskFormat = "qcow2"
	DiskVHD   DiskFormat = "vhd"
	DiskVMDK  DiskFormat = "vmdk"
)

// UnmarshalText accepts the formats above.
func (f *DiskFormat) UnmarshalText(b []byte) error {
	return spec.Choice(f, b, "a disk format", DiskRaw, DiskQCOW2, DiskVHD, DiskVMDK)
}

// Suffix is what the names of files of this format end in.
func (f DiskFormat) Suffix() string {
	if f == DiskRaw || f == "" {
		return ".img"
	}
	return "." + string(f)
}
