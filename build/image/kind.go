package image

import (
	"bytes"
	"errors"
	"io"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/iso9660"
	"github.com/imgbuild/imgbuild/build/squashfs"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/internal/gptedit"
)

// Kind is what a file is. The zero value is none that we know.
type Kind string

// Kinds, as a person calls them.
const (
	Initramfs Kind = "initramfs"
	Kernel    Kind = "Linux kernel"
	UKI       Kind = "unified kernel image"
	Program   Kind = "EFI program"
	Disk      Kind = "disk image"
	ISO       Kind = "ISO image"
	FAT       Kind = "FAT volume"
	Squashfs  Kind = "squashfs"
	QCOW2     Kind = "qcow2 disk"
	VMDK      Kind = "VMDK disk"
	VHD       Kind = "VHD disk"
	Update    Kind = "update"
)

// Detect tells by its content what a file of so many bytes is.
func Detect(file io.ReaderAt, size int64) Kind {
	head := make([]byte, 1024)
	n, _ := file.ReadAt(head, 0)
	head = head[:n]
	at := func(offset int, magic string) bool {
		return len(head) >= offset+len(magic) && string(head[offset:offset+len(magic)]) == magic
	}
	switch {
	case at(0, "QFI\xfb"):
		return QCOW2
	case at(0, "KDMV"), at(0, "# Disk DescriptorFile"):
		return VMDK
	case at(0, "conectix"), footer(file, size):
		return VHD
	case isSlot(file, size):
		return Update
	case at(0, squashfs.Magic):
		return Squashfs
	case at(0x202, "HdrS"):
		return Kernel
	case at(0, "MZ"):
		if _, err := uki.Find(file, ".linux"); err == nil {
			return UKI
		}
		if _, err := uki.Sections(file); err == nil {
			return Program
		}
	}
	// A stick's image may be an ISO and a disk at once, and its first sector is a boot
	// sector whichever it is.
	if _, err := iso9660.Open(file, size); !errors.Is(err, iso9660.ErrNone) {
		return ISO
	}
	if _, err := gptedit.ReadEither(file, size/gptedit.Sector); !errors.Is(err, gptedit.ErrNone) {
		return Disk
	}
	if _, err := fat.Open(file, size); !errors.Is(err, fat.ErrNone) {
		return FAT
	}
	if len(readMBR(head, size)) > 0 {
		return Disk
	}
	if initramfs(head) {
		return Initramfs
	}
	return ""
}

// initramfs tells whether a file may be one: it begins with an archive, or
// with what a kernel can unpack. Whether an archive is in it, reading it shows.
func initramfs(head []byte) bool {
	head = bytes.TrimLeft(head, "\x00")
	if bytes.HasPrefix(head, []byte("07070")) {
		return true
	}
	// The reader knows what to say about an LZ4 frame, which the kernel refuses.
	if bytes.HasPrefix(head, []byte("\x04\x22\x4d\x18")) {
		return true
	}
	_, ok := cpio.Detect(head)
	return ok
}

// inner tells what a file within an image is, if it is worth descending into.
func inner(file io.ReaderAt, size int64) Kind {
	switch k := Detect(file, size); k {
	case UKI, FAT, Squashfs, Update:
		return k
	case Program:
		// Another than a boot menu with kernel and initramfs in it is a file like any other.
		if files, err := grub.Carried(file); err == nil && len(files) > 1 {
			return k
		}
	case Initramfs:
		// Much else is compressed. An entry proves it.
		r := cpio.NewReader(io.NewSectionReader(file, 0, size), 1<<20)
		defer r.Close()
		if _, err := r.Next(); err == nil {
			return k
		}
	}
	return ""
}

// footer tells whether a VHD's lies at the end.
func footer(file io.ReaderAt, size int64) bool {
	b := make([]byte, 8)
	n, _ := file.ReadAt(b, size-512)
	return n == len(b) && string(b) == "conectix"
}
