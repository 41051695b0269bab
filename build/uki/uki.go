// Package uki writes, reads and signs unified kernel images: one UEFI program that
// holds a kernel, its initrd and its command line beside the stub that starts them
// (https://uapi-group.org/specifications/specs/unified_kernel_image/).
package uki

import (
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/build/extent"
)

// Parts are what goes into an image beside the stub.
type Parts struct {
	// OSRelease is the content of /etc/os-release (os-release(5)).
	OSRelease string
	// Cmdline is the kernel's command line, without a newline.
	Cmdline string
	// Linux is a bzImage with EFI stub; its release becomes the section .uname.
	Linux extent.Content
	// Initrd is what the kernel unpacks; archives may follow each other in it. nil leaves
	// it out.
	Initrd extent.Content
}

// New composes an image from a stub, such as linuxx64.efi.stub of systemd. Contents
// of sections begin at multiples of 512 bytes and are filled up with zeros, so
// that a BIOS loader can read kernel and initrd straight out of the image. The
// contents are read once, for the checksum, and again by whoever reads the image.
func New(stub []byte, parts Parts) (*extent.Image, error) {
	release, err := KernelRelease(parts.Linux)
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(parts.Cmdline, "\n\x00") {
		return nil, fmt.Errorf("composing a UKI: the command line %q holds a newline or NUL", parts.Cmdline)
	}
	sections := []section{
		{".osrel", strings.NewReader(parts.OSRelease)},
		{".uname", strings.NewReader(release)},
		{".cmdline", strings.NewReader(parts.Cmdline)},
	}
	if parts.Initrd != nil {
		sections = append(sections, section{".initrd", parts.Initrd})
	}
	// Last: the stub may run the kernel where it lies, and its BSS follows it.
	sections = append(sections, section{".linux", parts.Linux})
	image, err := compose(stub, sections)
	if err != nil {
		return nil, fmt.Errorf("composing a UKI: %w", err)
	}
	return image, nil
}
