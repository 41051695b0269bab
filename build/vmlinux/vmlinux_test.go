package vmlinux

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/imgbuild/imgbuild/build/uki/ukitest"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// noted is a small ELF file with one note.
func noted(name string, kind uint32) []byte {
	var note, b bytes.Buffer
	for _, v := range []any{[]uint32{3, 2, 5}, []byte("GNU\x00xy\x00\x00"), []uint32{uint32(len(name)), 4, kind}, []byte(name), uint32(0x1000000)} {
		binary.Write(&note, binary.LittleEndian, v)
	}
	head := elf.Header64{Type: 2, Machine: 62, Version: 1, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1}
	copy(head.Ident[:], elf.ELFMAG+"\x02\x01\x01")
	binary.Write(&b, binary.LittleEndian, head)
	binary.Write(&b, binary.LittleEndian, elf.Prog64{Type: uint32(elf.PT_NOTE), Off: 120, Filesz: uint64(note.Len())})
	return append(b.Bytes(), note.Bytes()...)
}

// bzImage holds a payload as the kernel's build leaves it: four bytes of its size unpacked come after it.
func bzImage(payload []byte) []byte {
	b := ukitest.Kernel("6.1.0", 8192)
	b[0x1f1] = 7
	binary.LittleEndian.PutUint32(b[0x248:], 4096)
	binary.LittleEndian.PutUint32(b[0x24c:], uint32(len(payload)+4))
	return append(append(b[:8192:8192], payload...), 1, 2, 3, 4)
}

func packed(t *testing.T, with string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	switch with {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "zstd":
		w, _ = zstd.NewWriter(&out)
	default: // as arch/x86/boot/compressed/Makefile calls it
		c := exec.Command(needed.Program(t, "xz"), "--check=crc32", "--x86", "--lzma2=dict=1MiB", "-c")
		c.Stdin, c.Stdout = bytes.NewReader(b), &out
		if err := c.Run(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func TestUnpack(t *testing.T) {
	kernel := noted("Xen\x00", 18)
	for _, with := range []string{"xz", "gzip", "zstd"} {
		got, err := Unpack(t.Context(), bytes.NewReader(bzImage(packed(t, with, kernel))))
		if err != nil || !bytes.Equal(got, kernel) {
			t.Errorf("%s: %d bytes, %v", with, len(got), err)
		}
	}
	for name, payload := range map[string][]byte{
		"another owner's note": packed(t, "gzip", noted("XeN\x00", 18)), "another note": packed(t, "gzip", noted("Xen\x00", 17)),
		"no ELF file": packed(t, "gzip", []byte(strings.Repeat("x", 100))), "unknown": []byte("no compression that we know"), "nothing": nil,
	} {
		if got, err := Unpack(t.Context(), bytes.NewReader(bzImage(payload))); !errors.Is(err, ErrNone) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	for _, with := range []string{"xz", "gzip", "zstd"} {
		cut := packed(t, with, kernel)
		if got, err := Unpack(t.Context(), bytes.NewReader(bzImage(cut[:len(cut)-8]))); err == nil || errors.Is(err, ErrNone) {
			t.Errorf("%s, cut: %d bytes, %v", with, len(got), err)
		}
	}
}

// Whatever a kernel's file says of itself, what is taken out of it is an ELF file with the entry that QEMU looks for.
func FuzzUnpack(f *testing.F) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write(noted("Xen\x00", 18)); err != nil {
		f.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(bzImage(zipped.Bytes()), noted("Xen\x00", 18))
	f.Add(bzImage([]byte("\x28\xb5\x2f\xfd")), noted("GNU\x00", 1))
	f.Fuzz(func(t *testing.T, image, kernel []byte) {
		if len(image) > 1<<16 || bytes.Contains(image, []byte("\xfd7zXZ")) {
			return // for which a program is started
		}
		b, err := Unpack(t.Context(), bytes.NewReader(image))
		if (err == nil) != startable(b) {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		_ = startable(kernel)
	})
}
