package uki_test

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/build/uki/ukitest"
	"github.com/imgbuild/imgbuild/internal/needed"
)

func parts() uki.Parts {
	return uki.Parts{
		OSRelease: "ID=imgbuild\n",
		Cmdline:   "console=ttyS0 quiet",
		Linux:     bytes.NewReader(ukitest.Kernel("6.1.0-56-amd64", 70001)),
		Initrd:    bytes.NewReader(ukitest.Kernel("an initrd", 40000)),
	}
}

func write(t testing.TB, stub []byte, p uki.Parts) []byte {
	t.Helper()
	image, err := uki.New(stub, p)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(image, 0, image.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func realStub(t *testing.T) []byte {
	t.Helper()
	stub, err := os.ReadFile(needed.File(t, "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"))
	if err != nil {
		t.Fatal(err)
	}
	return stub
}

func TestSectionsHoldTheParts(t *testing.T) {
	t.Run("fake stub", func(t *testing.T) { testSections(t, ukitest.Stub(1024)) })
	t.Run("systemd's stub", func(t *testing.T) { testSections(t, realStub(t)) })
}

func testSections(t *testing.T, stub []byte) {
	p := parts()
	image := write(t, stub, p)
	if !bytes.Equal(image, write(t, stub, p)) {
		t.Error("written twice, the bytes differ")
	}
	f, err := pe.NewFile(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	all := func(r io.ReaderAt, size int64) string {
		b, err := io.ReadAll(io.NewSectionReader(r, 0, size))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	want := map[string]string{
		".osrel": p.OSRelease, ".uname": "6.1.0-56-amd64", ".cmdline": p.Cmdline,
		".initrd": all(p.Initrd, p.Initrd.Size()), ".linux": all(p.Linux, p.Linux.Size()),
	}
	address, offset := uint32(0), uint32(0)
	for _, s := range f.Sections {
		if s.VirtualAddress < address || s.Offset < offset {
			t.Errorf("%s at %#x, in the file at %#x, overlaps the one before", s.Name, s.VirtualAddress, s.Offset)
		}
		address, offset = s.VirtualAddress+s.VirtualSize, s.Offset+s.Size
		content, ours := want[s.Name]
		if !ours {
			continue
		}
		delete(want, s.Name)
		data, err := s.Data()
		if err != nil || string(data[:s.VirtualSize]) != content || strings.Trim(string(data[s.VirtualSize:]), "\x00") != "" {
			t.Errorf("%s has other content (%v)", s.Name, err)
		}
		if s.Offset%512 != 0 || s.VirtualAddress%4096 != 0 || s.Characteristics != 0x40000040 {
			t.Errorf("%s: offset %#x, address %#x, characteristics %#x", s.Name, s.Offset, s.VirtualAddress, s.Characteristics)
		}
		found, err := uki.Find(bytes.NewReader(image), s.Name)
		if err != nil || all(found.Open(bytes.NewReader(image)), found.Size) != content {
			t.Errorf("Find(%s) = %+v, %v", s.Name, found, err)
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
	optional := f.OptionalHeader.(*pe.OptionalHeader64)
	if end := int(offset); end != len(image) || optional.SizeOfImage < address || optional.SizeOfImage%4096 != 0 {
		t.Errorf("%d bytes, sections end at %d; SizeOfImage %#x, sections end at %#x", len(image), end, optional.SizeOfImage, address)
	}
	if want := slowChecksum(image); optional.CheckSum != want {
		t.Errorf("checksum %#x, want %#x", optional.CheckSum, want)
	}
}

// slowChecksum follows the definition word by word.
func slowChecksum(image []byte) uint32 {
	field := int(binary.LittleEndian.Uint32(image[0x3c:])) + 24 + 64
	sum := uint32(0)
	for i := 0; i < len(image); i += 2 {
		if i == field || i == field+2 {
			continue
		}
		sum += uint32(image[i])
		if i+1 < len(image) {
			sum += uint32(image[i+1]) << 8
		}
		sum = sum&0xffff + sum>>16
	}
	return sum + uint32(len(image))
}

func TestUnfitInputIsRefused(t *testing.T) {
	signed := ukitest.Stub(1024)
	binary.LittleEndian.PutUint32(signed[0x58+144:], 4096)
	is32 := ukitest.Stub(1024)
	binary.LittleEndian.PutUint16(is32[0x58:], 0x10b)
	for _, c := range []struct {
		name string
		stub []byte
		edit func(*uki.Parts)
		want string
	}{
		{"no room", ukitest.Stub(512), nil, "its headers have no room for 5 more sections"},
		{"signed stub", signed, nil, "it is signed"},
		{"PE32", is32, nil, "of type 0x10b, not PE32+"},
		{"ELF", []byte("\x7fELF"), nil, "it does not begin with MZ"},
		{"empty", nil, nil, "it does not begin with MZ"},
		{"cut", ukitest.Stub(1024)[:0x60], nil, "cut short"},
		{"cut section", ukitest.Stub(1024)[:1030], nil, "its sections end at 1536, the file at 1030"},
		{"newline", ukitest.Stub(1024), func(p *uki.Parts) { p.Cmdline = "a\nb" }, "holds a newline"},
		{"no bzImage", ukitest.Stub(1024), func(p *uki.Parts) { p.Linux = bytes.NewReader(make([]byte, 4096)) }, "HdrS is missing"},
		{"tiny kernel", ukitest.Stub(1024), func(p *uki.Parts) { p.Linux = strings.NewReader("MZ") }, "setup header: EOF"},
		{"huge initrd", ukitest.Stub(1024), func(p *uki.Parts) { p.Initrd = io.NewSectionReader(bytes.NewReader(nil), 0, 1<<32) }, "past 4 GiB"},
	} {
		p := parts()
		if c.edit != nil {
			c.edit(&p)
		}
		if _, err := uki.New(c.stub, p); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want ...%s...", c.name, err, c.want)
		}
	}
}

func TestWithoutInitrd(t *testing.T) {
	p := parts()
	p.Initrd = nil
	image := bytes.NewReader(write(t, ukitest.Stub(1024), p))
	if _, err := uki.Find(image, ".initrd"); err == nil || !strings.Contains(err.Error(), "no section .initrd") {
		t.Errorf("got %v", err)
	}
	if _, err := uki.Find(image, ".linux"); err != nil {
		t.Error(err)
	}
}

func FuzzKernelRelease(f *testing.F) {
	f.Add(ukitest.Kernel("6.1.0", 2048))
	f.Add([]byte("MZ"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if release, err := uki.KernelRelease(bytes.NewReader(b)); err == nil && (release == "" || strings.ContainsAny(release, " \x00")) {
			t.Errorf("release %q", release)
		}
	})
}

func FuzzSections(f *testing.F) {
	f.Add(write(f, ukitest.Stub(1024), parts())[:2048])
	f.Add([]byte("MZ"))
	f.Fuzz(func(t *testing.T, b []byte) {
		sections, err := uki.Sections(bytes.NewReader(b))
		if err == nil {
			for _, s := range sections {
				io.Copy(io.Discard, s.Open(bytes.NewReader(b)))
			}
		}
	})
}

// FuzzNew gives both parsers of PE headers foreign bytes.
func FuzzNew(f *testing.F) {
	key, cert := keyPair(f)
	f.Add(ukitest.Stub(1024))
	f.Fuzz(func(t *testing.T, stub []byte) {
		uki.New(stub, parts())
		uki.Sign(bytes.NewReader(stub), key, cert)
	})
}
