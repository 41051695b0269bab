// Package vmlinux takes the kernel proper out of a bzImage, for QEMU without KVM: it starts such a kernel by itself (PVH), and an
// emulated processor is spared the unpacking, which is half the work of a small boot.
package vmlinux

import (
	"bytes"
	"compress/gzip"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os/exec"

	"github.com/klauspost/compress/zstd"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/uki"
)

// ErrNone says that a kernel has to unpack itself: it is compressed as we cannot read it, or has no entry for PVH.
var ErrNone = errors.New("no kernel that a virtual machine can start directly")

// largest bounds what is unpacked, in bytes; Debian's kernel of version 6.1 has 63 MiB.
const largest = 512 << 20

// Unpack returns the ELF file in a bzImage. The error is ErrNone where there is none that QEMU can start.
func Unpack(ctx context.Context, bzImage extent.Content) ([]byte, error) {
	_, payload, err := uki.KernelParts(bzImage)
	if err != nil {
		return nil, err
	}
	unpack, ok := decoders[compression(payload)]
	if !ok {
		return nil, ErrNone
	}
	b, err := unpack(ctx, payload)
	if err != nil {
		return nil, err
	}
	if !startable(b) {
		return nil, ErrNone
	}
	return b, nil
}

func compression(payload *io.SectionReader) cpio.Compression {
	start := make([]byte, 6)
	n, _ := payload.ReadAt(start, 0)
	c, _ := cpio.Detect(start[:n])
	return c
}

// decoders are for what distributions use. xz's is the program of that name, for the library knows no filter for x86 code.
var decoders = map[cpio.Compression]func(context.Context, io.Reader) ([]byte, error){
	cpio.Gzip: func(_ context.Context, in io.Reader) ([]byte, error) {
		d, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("unpacking the kernel: %w", err)
		}
		return whole(d)
	},
	cpio.Zstd: func(_ context.Context, in io.Reader) ([]byte, error) {
		d, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, fmt.Errorf("unpacking the kernel: %w", err)
		}
		defer d.Close()
		return whole(d)
	},
	cpio.XZ: func(ctx context.Context, in io.Reader) ([]byte, error) {
		xz := exec.CommandContext(ctx, "xz", "-dc")
		xz.Stdin = in
		out, err := xz.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if err := xz.Start(); err != nil {
			return nil, ErrNone
		}
		b, err := whole(out)
		out.Close()
		if failed := xz.Wait(); err == nil && failed != nil {
			err = fmt.Errorf("unpacking the kernel: xz: %w", failed)
		}
		return b, err
	},
}

func whole(in io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(in, largest+1))
	if err != nil {
		return nil, fmt.Errorf("unpacking the kernel: %w", err)
	}
	if len(b) > largest {
		return nil, fmt.Errorf("the kernel unpacks to more than %d MiB", largest>>20)
	}
	return b, nil
}

// startable says that the file has the note XEN_ELFNOTE_PHYS32_ENTRY (include/xen/interface/elfnote.h), by which QEMU finds the
// kernel's entry.
func startable(b []byte) bool {
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil || f.Class != elf.ELFCLASS64 {
		return false
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_NOTE {
			continue
		}
		notes, err := io.ReadAll(io.LimitReader(p.Open(), 1<<20))
		if err == nil && hasEntry(notes, f) {
			return true
		}
	}
	return false
}

// hasEntry walks through notes: lengths of name and text, type, name and text, each padded to four bytes (elf(5)).
func hasEntry(notes []byte, f *elf.File) bool {
	const physEntry = 18
	padded := func(n uint32) int { return int(n+3) &^ 3 }
	for len(notes) >= 12 {
		name, text, kind := f.ByteOrder.Uint32(notes), f.ByteOrder.Uint32(notes[4:]), f.ByteOrder.Uint32(notes[8:])
		if kind == physEntry && name == 4 && bytes.HasPrefix(notes[12:], []byte("Xen\x00")) {
			return true
		}
		if name > 1<<16 || text > 1<<16 {
			return false
		}
		notes = notes[min(len(notes), 12+padded(name)+padded(text)):]
	}
	return false
}
