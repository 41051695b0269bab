package uki

import (
	"bytes"
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/build/extent"
)

// KernelRelease reads the release, what `uname -r` says, out of a bzImage: the
// field kernel_version of Documentation/arch/x86/boot.rst points at a text that
// begins with it.
func KernelRelease(kernel io.ReaderAt) (string, error) {
	setup := make([]byte, 0x210)
	if _, err := kernel.ReadAt(setup, 0); err != nil {
		return "", fmt.Errorf("reading a kernel's setup header: %w", err)
	}
	if string(setup[0x202:0x206]) != "HdrS" {
		return "", fmt.Errorf("reading a kernel's setup header: it is no bzImage: HdrS is missing at 0x202")
	}
	version := make([]byte, 256)
	n, err := kernel.ReadAt(version, 0x200+int64(le.Uint16(setup[0x20e:])))
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("reading a kernel's version: %w", err)
	}
	release, _, found := bytes.Cut(version[:n], []byte(" "))
	if !found || len(release) == 0 || bytes.IndexByte(release, 0) >= 0 {
		return "", fmt.Errorf("reading a kernel's version: %q does not begin with a release", version[:min(n, 32)])
	}
	return string(release), nil
}

// KernelParts are the set-up code of a bzImage and the kernel proper, compressed as its first bytes say (setup_sects, payload_offset
// and payload_length of Documentation/arch/x86/boot.rst).
func KernelParts(kernel extent.Content) (setup, payload *io.SectionReader, err error) {
	head := make([]byte, 0x250)
	if _, err := kernel.ReadAt(head, 0); err != nil {
		return nil, nil, fmt.Errorf("reading a kernel's setup header: %w", err)
	}
	sectors := int64(head[0x1f1])
	if sectors == 0 { // as old boot loaders mean it
		sectors = 4
	}
	start := (sectors + 1) * 512
	at, size := start+int64(le.Uint32(head[0x248:])), int64(le.Uint32(head[0x24c:]))
	if at+size > kernel.Size() {
		return nil, nil, fmt.Errorf("the kernel ends at byte %d, the file at %d: %w", at+size, kernel.Size(), io.ErrUnexpectedEOF)
	}
	// The last four bytes are the size unpacked.
	return io.NewSectionReader(kernel, 0, start), io.NewSectionReader(kernel, at, max(size-4, 0)), nil
}
