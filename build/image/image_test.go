package image_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/disk"
	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/grub/grubtest"
	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/build/iso"
	"github.com/imgbuild/imgbuild/build/iso9660"
	"github.com/imgbuild/imgbuild/build/qcow"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/build/uki/ukitest"
	"github.com/imgbuild/imgbuild/build/update"
	"github.com/imgbuild/imgbuild/build/vhd"
	"github.com/imgbuild/imgbuild/build/vmdk"
	"github.com/imgbuild/imgbuild/internal/needed"
)

var epoch = time.Unix(1700000000, 0).UTC()

// archive is of just those files: cpio.Write would add the root.
func archive(w io.Writer, files []tree.File, open func(tree.File) (io.ReadCloser, error)) error {
	a := cpio.NewArchive(w)
	return errors.Join(a.AddFiles(files, epoch, open), a.Close())
}

// initramfs packs files: path, and what is in them; "-> x" is a link, "dir" a directory.
func initramfs(t testing.TB, c cpio.Compression, files ...string) []byte {
	t.Helper()
	var list []tree.File
	for _, f := range files {
		name, text, _ := strings.Cut(f, "=")
		e := tree.File{Path: name, Mode: 0o644, Body: []byte(text), Size: int64(len(text))}
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			e = tree.File{Path: name, Mode: fs.ModeSymlink | 0o777, Link: target}
		} else if text == "dir" {
			e = tree.File{Path: name, Mode: fs.ModeDir | 0o755}
		} else if text == "null" {
			e = tree.File{Path: name, Mode: fs.ModeDevice | fs.ModeCharDevice | 0o666, Major: 1, Minor: 3, GID: 5}
		}
		list = append(list, e)
	}
	var b bytes.Buffer
	z, err := cpio.Compress(&b, c, cpio.Fast)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(archive(z, list, nil), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func content(t testing.TB, c extent.Content) []byte {
	t.Helper()
	b, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unified(t testing.TB) *extent.Image {
	t.Helper()
	initrd := initramfs(t, cpio.Zstd, ".=dir", "init=program", "bin=-> usr/bin", "usr=dir", "usr/bin=dir", "bin/tool=tool", "null=null")
	m, err := uki.New(ukitest.Stub(1024), uki.Parts{OSRelease: "ID=test\n", Cmdline: "console=ttyS0 quiet",
		Linux: bytes.NewReader(ukitest.Kernel("6.1.0-test", 100_000)), Initrd: bytes.NewReader(initrd)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func hard(t testing.TB) *extent.Image {
	t.Helper()
	m, _, err := disk.New(disk.Config{Name: "test", Epoch: epoch, Boot: grub.NoMenu(unified(t)), Files: []fat.File{{Path: "site.toml", Content: strings.NewReader("# site\n")}},
		State: 1 << 20, StateImage: strings.NewReader("a file system")})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// list renders what an image comes to.
func list(m *image.Image) ([]string, error) {
	t, number := image.NewTree(), 0
	err := m.Walk(context.Background(), func(e image.Entry, r io.Reader) error {
		number++
		_, err := t.Add(e, number-1)
		return err
	})
	var lines []string
	for _, n := range t.Nodes() {
		line := fmt.Sprintf("%s %d %s", n.Mode, n.Size, n.Path)
		if n.Link != "" {
			line += " -> " + n.Link
		}
		if n.Kind != "" {
			line += " (" + string(n.Kind) + ")"
		}
		lines = append(lines, line)
	}
	return lines, err
}

func open(t testing.TB, b []byte) *image.Image {
	t.Helper()
	m, err := image.New(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	m.Name = "image"
	return m
}

const ukiFiles = `
-r--r--r-- 300 .text
-r--r--r-- 8 .osrel
-r--r--r-- 10 .uname
-r--r--r-- 19 .cmdline
-r--r--r-- INITRD .initrd (initramfs)
Lrwxrwxrwx 0 .initrd/bin -> usr/bin
-rw-r--r-- 7 .initrd/init
Dcrw-rw-rw- 0 .initrd/null
drwxr-xr-x 0 .initrd/usr
drwxr-xr-x 0 .initrd/usr/bin
-rw-r--r-- 4 .initrd/usr/bin/tool
-r--r--r-- 100000 .linux
`

func TestWalkDescends(t *testing.T) {
	raw, composed := hard(t), unified(t)
	cd, err := iso.New(iso.Config{Name: "test", Epoch: epoch, Boot: grub.NoMenu(composed), Files: []iso9660.File{{Path: "README", Content: strings.NewReader("read me")}}})
	if err != nil {
		t.Fatal(err)
	}
	q, err := qcow.New(raw)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vmdk.New(raw, "disk.vmdk", 1)
	if err != nil {
		t.Fatal(err)
	}
	h, err := vhd.New(raw, [16]byte{}, epoch)
	if err != nil {
		t.Fatal(err)
	}
	below := func(prefix string) (lines []string) {
		section, _ := uki.Find(composed, ".initrd")
		for line := range strings.SplitSeq(strings.TrimSpace(ukiFiles), "\n") {
			f := strings.SplitN(strings.Replace(line, "INITRD", fmt.Sprint(section.Size), 1), " ", 3)
			lines = append(lines, f[0]+" "+f[1]+" "+prefix+f[2])
		}
		return lines
	}
	inSlot, err := update.New(update.Config{Profile: "test", Version: "1", Boot: grubtest.Slot(t, composed)})
	if err != nil {
		t.Fatal(err)
	}
	slots, _, err := disk.New(disk.Config{Name: "test", Epoch: epoch, GRUB: &grub.DiskLoader{Boot: make([]byte, 512), Core: make([]byte, 1000)},
		Slots: &disk.Slots{Size: 1 << 20, First: inSlot, Version: "1", Chooser: &grub.Chooser{Program: strings.NewReader("MZ")}}})
	if err != nil {
		t.Fatal(err)
	}
	of := func(root string) []string {
		h := tar.NewReader(io.NewSectionReader(inSlot, 0, inSlot.Size()))
		lines := append(below(root+"boot.efi/"), fmt.Sprintf("-r--r--r-- %d %sboot.efi (unified kernel image)", composed.Size(), root))
		for f, err := h.Next(); err == nil; f, err = h.Next() {
			if f.Name != "boot.efi" {
				lines = append(lines, fmt.Sprintf("-r--r--r-- %d %s%s", f.Size, root, f.Name))
			}
		}
		return lines
	}
	onDisk := append(below("esp/EFI/BOOT/BOOTX64.EFI/"), "-r--r--r-- 1048576 state", "-rw-r--r-- 7 esp/site.toml", "drwxr-xr-x 0 esp/EFI", "drwxr-xr-x 0 esp/EFI/BOOT",
		fmt.Sprintf("-rw-r--r-- %d esp/EFI/BOOT/BOOTX64.EFI (unified kernel image)", composed.Size()))
	for _, c := range []struct {
		content extent.Content
		kind    image.Kind
		want    []string // lines that are there
		count   int
	}{
		{composed, image.UKI, below(""), 12},
		{raw, image.Disk, onDisk, 18},
		{q, image.QCOW2, onDisk, 18},
		{v, image.VMDK, onDisk, 18},
		{h, image.VHD, onDisk, 18},
		{cd, image.ISO, append(below("boot/efi.img/EFI/BOOT/BOOTX64.EFI/"), "-r--r--r-- 7 README"), 18},
		{inSlot, image.Update, of(""), 15},
		{slots, image.Disk, append(of("slot-a/"), "-r--r--r-- 1048576 record", "-r--r--r-- 1048576 slot-a (update)", "-r--r--r-- 1048576 slot-b"), 26},
		{bytes.NewReader(ukitest.Kernel("6.1.0-test", 100_000)), image.Kernel, nil, 3},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			b := content(t, c.content)
			if c.kind == image.Kernel { // a payload that the test's kernel lacks
				copy(b[0x1f1:], "\x02")
				copy(b[0x248:], "\x00\x10\x00\x00\x00\x02\x00\x00")
				copy(b[3*512+0x1000:], "\x28\xb5\x2f\xfd")
				c.want = []string{"-r--r--r-- 11 release", "-r--r--r-- 1536 setup", "-r--r--r-- 508 payload.zst"}
			}
			m := open(t, b)
			got, err := list(m)
			if err != nil || m.Kind != c.kind {
				t.Fatal(m.Kind, err)
			}
			all := "\n" + strings.Join(got, "\n") + "\n"
			for _, want := range c.want {
				if !strings.Contains(all, "\n"+want+"\n") {
					t.Errorf("got%slacks %s", all, want)
				}
			}
			if len(got) != c.count {
				t.Errorf("%d files, want %d:%s", len(got), c.count, all)
			}
		})
	}
}

// Half of any image is an error or, where what is missing held nothing, no panic.
func TestTruncated(t *testing.T) {
	raw := content(t, hard(t))
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"disk":      {raw[:20<<20], "a partition from sector"},
		"uki":       {content(t, unified(t))[:60_000], "unexpected EOF"},
		"initramfs": {initramfs(t, cpio.Gzip, "a="+strings.Repeat("x", 100000))[:90], "unexpected EOF"},
		"archive":   {initramfs(t, cpio.None, "a="+strings.Repeat("x", 1000))[:500], "unexpected EOF"},
	} {
		_, err := list(open(t, c.b))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want ...%s...", name, err, c.want)
		}
	}
}

func TestGarbage(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "text": "hello", "zeros": strings.Repeat("\x00", 100000), "script": "#!/bin/sh\n", "tar": "file\x00" + strings.Repeat("\x00", 250) + "ustar"} {
		if _, err := image.New(strings.NewReader(text), int64(len(text))); !errors.Is(err, image.ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for text, want := range map[string]string{
		"\x04\x22\x4d\x18rest of a frame":                   "the kernel unpacks the legacy format only",
		string(initramfs(t, cpio.Zstd, "a=b"))[:4] + "junk": "",
		"070707000000": "old portable format",
	} {
		if _, err := list(open(t, []byte(text))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := image.Open(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := os.WriteFile(missing, []byte("junk"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := image.Open(missing); err == nil || !strings.HasPrefix(err.Error(), "reading "+missing+": ") {
		t.Error(err)
	}
}

func TestBomb(t *testing.T) {
	for _, c := range []cpio.Compression{cpio.Zstd, cpio.Gzip, cpio.XZ} {
		var b bytes.Buffer
		z, err := cpio.Compress(&b, c, cpio.Fast)
		if err != nil {
			t.Fatal(err)
		}
		const size = 80 << 20 // more than the limit, and no more than that: it takes its time to make
		err = archive(z, []tree.File{{Path: "zeros", Mode: 0o644, Size: size, From: tree.Source{Store: "file"}}},
			func(tree.File) (io.ReadCloser, error) { return io.NopCloser(io.LimitReader(zeros{}, size)), nil })
		if err := errors.Join(err, z.Close()); err != nil {
			t.Fatal(err)
		}
		m := open(t, b.Bytes())
		var large *cpio.TooLargeError
		if _, err := list(m); !errors.As(err, &large) || large.Limit > 68<<20 {
			t.Errorf("%s, %d bytes packed: %v", c, b.Len(), err)
		}
		m.Limit = 2 << 30
		if _, err := list(m); err != nil {
			t.Errorf("%s, allowed: %v", c, err)
		}
	}
	// Names are bounded apart from contents.
	var many []tree.File
	for i := range 100_000 {
		many = append(many, tree.File{Path: fmt.Sprintf("%s%d", strings.Repeat("x", 3000), i), Mode: fs.ModeDir})
	}
	var b bytes.Buffer
	z, _ := cpio.Compress(&b, cpio.Zstd, cpio.Fast)
	if err := errors.Join(archive(z, many, nil), z.Close()); err != nil {
		t.Fatal(err)
	}
	m := open(t, b.Bytes())
	m.Limit = 1 << 40
	if _, err := list(m); err == nil || !strings.Contains(err.Error(), "too many files: their names alone take 256 MB") {
		t.Error(err)
	}
}

// Names that lie thousands of directories deep, or behind chains of links, cost time rather than
// room: an archive of 130 kB kept the reader busy for minutes.
func TestDeepPathsAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		first []tree.File
		dir   string
	}{
		"directories": {dir: strings.Repeat("a/", 2040)},
		"links": {[]tree.File{
			{Path: "l", Mode: fs.ModeSymlink, Link: strings.Repeat("a/", 2000) + "b"},
			{Path: strings.Repeat("a/", 2000) + "b", Mode: fs.ModeSymlink, Link: "/" + strings.Repeat("c/", 2000) + "d"},
		}, "l/"},
	} {
		t.Run(name, func(t *testing.T) {
			files := c.first
			for i := range 15_000 {
				files = append(files, tree.File{Path: fmt.Sprintf("%s%d", c.dir, i), Mode: fs.ModeDir})
			}
			var b bytes.Buffer
			z, _ := cpio.Compress(&b, cpio.Zstd, cpio.Fast)
			if err := errors.Join(archive(z, files, nil), z.Close()); err != nil {
				t.Fatal(err)
			}
			m := open(t, b.Bytes())
			m.Limit = 1 << 40
			start := time.Now()
			if _, err := list(m); err == nil || !strings.Contains(err.Error(), "its files lie too deep, or their paths lead through too many links") {
				t.Error(err)
			}
			t.Log(time.Since(start))
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestInterruptedWalk(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0
	err := open(t, initramfs(t, cpio.None, "a=1", "b=2")).Walk(ctx, func(image.Entry, io.Reader) error {
		seen++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || seen != 1 {
		t.Errorf("%d files, %v", seen, err)
	}
}

func tool(t *testing.T, name string) string {
	t.Helper()
	path := needed.Program(t, name)
	return path
}
