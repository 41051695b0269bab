// Package extenttest gives the tests of disk formats a disk to convert and asks
// qemu-img what it thinks of the result.
package extenttest

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// Disk is mostly empty, of the given size in bytes, with noise at its start, at its
// end, in between and across multiples of 64 KiB and of 512 MiB.
func Disk(size int64) *extent.Image {
	disk := extent.New(size)
	random := rand.NewChaCha8([32]byte{1})
	noise := func(size int64) extent.Content {
		b := make([]byte, size)
		random.Read(b)
		return bytes.NewReader(b)
	}
	disk.Place(0, noise(512))
	disk.Place(size-512, noise(512))
	for at := int64(1<<20 - 1000); at+200_000 < size-512; at = at*7/3 + 4096 {
		disk.Place(at, noise(min(200_000, at/8)))
	}
	if boundary := int64(512 << 20); size > boundary*2 {
		disk.Place(boundary-5, bytes.NewReader([]byte("boundary!")))
	}
	return disk
}

// Write writes the image to a file, sparse, for as long as the test lasts.
func Write(t testing.TB, image *extent.Image, name string) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := image.WriteSparse(f); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// Check lets qemu-img look for faults in an image of the given format. It skips the
// test where there is no qemu-img.
func Check(t testing.TB, format, path string) {
	t.Helper()
	qemuImg(t, "check", "-f", format, path)
}

// Compare lets qemu-img read both disks, sizes and contents.
func Compare(t testing.TB, disk *extent.Image, format, path string) {
	t.Helper()
	if got := VirtualSize(t, format, path); got != disk.Size() {
		t.Errorf("%s holds a disk of %d bytes, want %d", path, got, disk.Size())
	}
	qemuImg(t, "compare", "-f", "raw", "-F", format, Write(t, disk, "disk.raw"), path)
}

// VirtualSize is the disk's size as qemu-img sees it, in bytes.
func VirtualSize(t testing.TB, format, path string) int64 {
	t.Helper()
	var info struct {
		Size int64 `json:"virtual-size"`
	}
	out := qemuImg(t, "info", "-f", format, "--output=json", path)
	if err := json.Unmarshal(out, &info); err != nil {
		t.Errorf("qemu-img info %s: %v", path, err)
	}
	return info.Size
}

func qemuImg(t testing.TB, args ...string) []byte {
	t.Helper()
	needed.Program(t, "qemu-img")
	out, err := exec.Command("qemu-img", args...).CombinedOutput()
	if err != nil {
		t.Errorf("qemu-img %v: %v\n%s", args, err, out)
	}
	return out
}

// Same says whether two images have the same bytes.
func Same(t testing.TB, a, b *extent.Image) bool {
	t.Helper()
	var content [2][]byte
	for i, m := range []*extent.Image{a, b} {
		var err error
		if content[i], err = io.ReadAll(io.NewSectionReader(m, 0, m.Size())); err != nil {
			t.Fatal(err)
		}
	}
	return bytes.Equal(content[0], content[1])
}
