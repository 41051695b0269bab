package image

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/qcow"
	"github.com/imgbuild/imgbuild/build/vmdk"
)

// OpenDisk gives the disk that a file of the kind QCOW2, VMDK or VHD holds, and a file of
// any other kind as it is.
func OpenDisk(file io.ReaderAt, size int64, kind Kind) (extent.Content, error) {
	switch kind {
	case QCOW2:
		return qcow.Open(file)
	case VMDK:
		return vmdk.Open(file)
	case VHD:
		return openVHD(file, size)
	}
	return io.NewSectionReader(file, 0, size), nil
}

// openVHD leaves the footer of a fixed disk away (Microsoft's "Virtual Hard Disk Image
// Format Specification", version 1.0).
func openVHD(file io.ReaderAt, size int64) (extent.Content, error) {
	const footerSize, fixed = 512, 2
	b := make([]byte, footerSize)
	if _, err := file.ReadAt(b, max(size-footerSize, 0)); err != nil && err != io.EOF {
		return nil, fmt.Errorf("reading the footer of a VHD: %w", err)
	}
	if string(b[:8]) != "conectix" {
		return nil, fmt.Errorf("reading a VHD: its footer is missing: %w", io.ErrUnexpectedEOF)
	}
	if kind := binary.BigEndian.Uint32(b[60:]); kind != fixed {
		return nil, fmt.Errorf("reading a VHD: it is of type %d; accepted: %d, a fixed disk; qemu-img convert makes one", kind, fixed)
	}
	if want := binary.BigEndian.Uint64(b[48:]); want != uint64(size-footerSize) {
		return nil, fmt.Errorf("reading a VHD: it is to have %d bytes and has %d", want, size-footerSize)
	}
	return io.NewSectionReader(file, 0, size-footerSize), nil
}
