package image_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/build/iso9660"
	"github.com/imgbuild/imgbuild/build/qcow"
	"github.com/imgbuild/imgbuild/build/uki/ukitest"
	"github.com/imgbuild/imgbuild/build/vhd"
	"github.com/imgbuild/imgbuild/build/vmdk"
)

// seeds adds a small image of every kind, so that the fuzzer need not invent their magic numbers.
func seeds(f *testing.F) {
	f.Helper()
	for _, c := range cpio.Writable() {
		f.Add(initramfs(f, c, "init=program", "bin=-> usr/bin", "bin/tool=tool", "null=null"))
	}
	f.Add(content(f, unified(f))[:2000])
	f.Add(content(f, hard(f))[:34*512])
	f.Add(ukitest.Kernel("6.1.0-test", 2000))
	f.Add(content(f, volume(f))[:64<<10])
	cd, err := iso9660.New(iso9660.Options{VolumeID: "X", Epoch: epoch}, []iso9660.File{{Path: "boot/initrd", Content: bytes.NewReader(initramfs(f, cpio.Zstd, "init=program"))}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content(f, cd))
	mbr := make([]byte, 1024)
	copy(mbr[446:], []byte{0, 0, 2, 0, 0x0c, 0, 2, 0, 1, 0, 0, 0, 1, 0, 0, 0})
	copy(mbr[510:], []byte{0x55, 0xaa})
	f.Add(mbr)
	small := extent.New(1 << 20)
	small.Place(0, bytes.NewReader(mbr))
	for _, stored := range []func() (*extent.Image, error){
		func() (*extent.Image, error) { return qcow.New(small) },
		func() (*extent.Image, error) { return vmdk.New(small, "disk.vmdk", 1) },
	} {
		d, err := stored()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content(f, d))
	}
	f.Add(fixed(f, mbr))
}

// volume is a FAT file system.
func volume(f testing.TB) extent.Content {
	f.Helper()
	v, err := fat.New(fat.Options{Size: 3 << 20, Label: "X"}, []fat.File{{Path: "EFI/a long name", Content: strings.NewReader("content")}})
	if err != nil {
		f.Fatal(err)
	}
	return v
}

// fixed is a VHD so small that the fuzzer gets at its footer.
func fixed(f testing.TB, disk []byte) []byte {
	f.Helper()
	whole := extent.New(1 << 20)
	whole.Place(0, bytes.NewReader(disk))
	h, err := vhd.New(whole, [16]byte{}, epoch)
	if err != nil {
		f.Fatal(err)
	}
	footer := content(f, h)[1<<20:]
	binary.BigEndian.PutUint64(footer[48:], uint64(len(disk)))
	return append(bytes.Clone(disk), footer...)
}

func FuzzWalk(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := image.New(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		m.Limit = 1 << 20
		lines, err := list(m)
		_ = err
		for _, line := range lines {
			if strings.Contains(line+"/", "/../") {
				t.Errorf("a path climbs: %s", line)
			}
		}
	})
}

// FuzzUnpack demands that nothing is written outside of the directory, whatever an image says.
func FuzzUnpack(f *testing.F) {
	seeds(f)
	f.Add(initramfs(f, cpio.None, "up=-> ..", "up/outside=x", "../outside=x", "/outside=x", "a=-> /", "a/outside=x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := image.New(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		m.Limit = 1 << 18
		above := t.TempDir()
		inside := filepath.Join(above, "inside")
		if err := os.Mkdir(inside, 0o755); err != nil {
			t.Fatal(err)
		}
		dir, err := os.OpenRoot(inside)
		if err != nil {
			t.Fatal(err)
		}
		defer dir.Close()
		_ = m.Unpack(context.Background(), dir, false)
		entries, err := os.ReadDir(above)
		if err != nil || len(entries) != 1 {
			t.Errorf("outside lie %v, %v", entries, err)
		}
		// What has no right to be searched could not be removed.
		_ = filepath.WalkDir(inside, func(path string, d fs.DirEntry, _ error) error {
			if d != nil && d.IsDir() {
				return os.Chmod(path, 0o755)
			}
			return nil
		})
	})
}
