package media

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/segments"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// unified composes kernel, initramfs and command line into one UEFI program. It reads
// the initramfs from its files, which stay open.
func (t *Tools) unified(i Image, files *closers) (*extent.Image, error) {
	stub, parts, err := t.parts(i, files)
	if err != nil {
		return nil, fmt.Errorf("composing %s: %w", Name(i.Profile, profile.FormatUKI), err)
	}
	unified, err := uki.New(stub, parts)
	if err != nil || i.Signer == nil {
		return unified, err
	}
	return i.Signer.sign(unified)
}

func (t *Tools) parts(i Image, files *closers) (stub []byte, parts uki.Parts, err error) {
	parts.Cmdline = i.Plan.Cmdline
	kernel, err := i.Open.Read(i.Plan.Kernel)
	if err != nil {
		return nil, parts, err
	}
	parts.Linux = bytes.NewReader(kernel)
	if parts.Initrd, err = joined(i.Initrd, files); err != nil {
		return nil, parts, err
	}
	if parts.OSRelease, err = osRelease(i); err != nil || i.Signer == nil {
		return t.Stub, parts, err
	}
	stub, err = uki.Seal(t.Stub)
	return stub, parts, err
}

// joined is the initramfs: its segments one after the other.
func joined(all []segments.Packed, files *closers) (*extent.Image, error) {
	var size int64
	for _, s := range all {
		size += s.Size
	}
	initrd := extent.New(size)
	at := int64(0)
	for _, s := range all {
		content, err := s.Open()
		if err != nil {
			return nil, err
		}
		*files = append(*files, content)
		initrd.Place(at, content)
		at += s.Size
	}
	return initrd, nil
}

// osRelease is os-release(5) of the image; "" where that is no regular file.
func osRelease(i Image) (string, error) {
	at := slices.IndexFunc(i.Plan.Files, func(f tree.File) bool { return f.Path == "etc/os-release" && f.Mode.IsRegular() })
	if at < 0 {
		return "", nil
	}
	text, err := i.Open.Read(i.Plan.Files[at])
	return string(text), err
}

// closers are files that stay open while an image made of them is written.
type closers []io.Closer

func (c closers) close() {
	for _, f := range c {
		f.Close()
	}
}
