package grub

import (
	"io"

	"github.com/imgbuild/imgbuild/build/uki"
)

// ConfigUKI renders grub.cfg for the kernel and initrd of a unified kernel image that
// begins at the given byte, a multiple of 512, of GRUB's root and lies there in one
// piece.
func ConfigUKI(m Menu, image io.ReaderAt, offset int64) ([]byte, error) {
	linux, err := uki.Find(image, ".linux")
	if err != nil {
		return nil, err
	}
	initrd, err := uki.Find(image, ".initrd")
	if err != nil {
		return nil, err
	}
	return Config(m, BlocksOf(offset+linux.Offset, linux.Size), BlocksOf(offset+initrd.Offset, initrd.Size))
}
