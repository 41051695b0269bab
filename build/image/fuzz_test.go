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
	"time"

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

// piece is how many bytes the fuzzer's text counts in. Most of an image is zeros, which it does not have: of what is long the fuzzer
// tries little, and it tries for a minute to make it shorter.
const piece = 16

// dense is an image as the fuzzer sees it: again and again how many pieces are zeros, how many follow, and those.
func dense(image []byte) (out []byte) {
	zeros := make([]byte, piece)
	image = append(bytes.Clone(image), make([]byte, -len(image)&(piece-1))...)
	for len(image) > 0 {
		gap, n := 0, 0
		for ; len(image) > 0 && gap < 1<<16-1 && bytes.Equal(image[:piece], zeros); image = image[piece:] {
			gap++
		}
		for n < 255 && n*piece < len(image) && !bytes.Equal(image[n*piece:][:piece], zeros) {
			n++
		}
		out = append(out, byte(gap), byte(gap>>8), byte(n))
		out = append(out, image[:n*piece]...)
		image = image[n*piece:]
	}
	return out
}

// sparse is the image that a text of the fuzzer's stands for; nobody has its zeros in memory.
func sparse(b []byte) *extent.Image {
	var pieces [][]byte
	var at []int64
	size := int64(0)
	for len(b) >= 3 && size < 2<<20 {
		n := min(int(b[2])*piece, len(b)-3)
		size += int64(b[0])*piece + int64(b[1])<<8*piece
		pieces, at = append(pieces, b[3:3+n]), append(at, size)
		size, b = size+int64(n), b[3+n:]
	}
	image := extent.New(size)
	for i, p := range pieces {
		if len(p) > 0 {
			image.Place(at[i], bytes.NewReader(p))
		}
	}
	return image
}

// Images survive being made dense.
func TestDense(t *testing.T) {
	for _, image := range [][]byte{initramfs(t, cpio.None, "init=program", "null=null"), content(t, hard(t))[:34*512], append(make([]byte, 2<<20), 1)} {
		want := append(bytes.Clone(image), make([]byte, -len(image)&(piece-1))...)
		if got := content(t, sparse(dense(image))); !bytes.Equal(got, want) {
			t.Errorf("%d bytes become %d", len(image), len(got))
		}
	}
}

// memory is a folder in memory where the machine has one, for what is written and looked at thousands of times.
func memory(t testing.TB) string {
	t.Helper()
	if dir, err := os.MkdirTemp("/dev/shm", "unpack-"); err == nil {
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

// seeds adds a small image of every kind, so that the fuzzer need not invent their magic numbers.
func seeds(f *testing.F) {
	f.Helper()
	add := func(image []byte) { f.Add(dense(image)) }
	for _, c := range cpio.Writable() {
		add(initramfs(f, c, "init=program", "bin=-> usr/bin", "bin/tool=tool", "null=null"))
	}
	add(content(f, unified(f))[:2000])
	add(content(f, hard(f))[:34*512])
	add(ukitest.Kernel("6.1.0-test", 2000))
	add(content(f, volume(f))[:64<<10])
	cd, err := iso9660.New(iso9660.Options{VolumeID: "X", Epoch: epoch}, []iso9660.File{{Path: "boot/initrd", Content: bytes.NewReader(initramfs(f, cpio.Zstd, "init=program"))}})
	if err != nil {
		f.Fatal(err)
	}
	add(content(f, cd))
	mbr := make([]byte, 1024)
	copy(mbr[446:], []byte{0, 0, 2, 0, 0x0c, 0, 2, 0, 1, 0, 0, 0, 1, 0, 0, 0})
	copy(mbr[510:], []byte{0x55, 0xaa})
	add(mbr)
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
		add(content(f, d))
	}
	add(fixed(f, mbr))
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
		content := sparse(b)
		m, err := image.New(content, content.Size())
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
	f.Add(dense(initramfs(f, cpio.None, "up=-> ..", "up/outside=x", "../outside=x", "/outside=x", "a=-> /", "a/outside=x")))
	// One folder for all of them: to make and remove it would be most of the work.
	above := memory(f)
	inside := filepath.Join(above, "inside")
	if err := os.Mkdir(inside, 0o755); err != nil {
		f.Fatal(err)
	}
	dir, err := os.OpenRoot(inside)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { dir.Close() })
	f.Fuzz(func(t *testing.T, b []byte) {
		content := sparse(b)
		m, err := image.New(content, content.Size())
		if err != nil {
			return
		}
		m.Limit = 1 << 18
		// A disk may say that it has gigabytes of zeros, of which each is copied: where they go is known by then.
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		err = m.Unpack(ctx, dir, false)
		if entries, err := os.ReadDir(above); err != nil || len(entries) != 1 {
			t.Errorf("outside lie %v, %v", entries, err)
		}
		made, listErr := os.ReadDir(inside)
		if listErr != nil || err != nil && len(made) > 0 {
			t.Errorf("after %v there is %v, %v", err, made, listErr)
		}
		for _, e := range made {
			// What has no right to be searched could not be removed.
			_ = filepath.WalkDir(filepath.Join(inside, e.Name()), func(path string, d fs.DirEntry, _ error) error {
				if d != nil && d.IsDir() {
					return os.Chmod(path, 0o755)
				}
				return nil
			})
			if err := os.RemoveAll(filepath.Join(inside, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	})
}
