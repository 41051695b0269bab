package uki

import (
	"bytes"
	"fmt"
	"io"
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
