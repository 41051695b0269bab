package vmdk_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/vmdk"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// content is a disk whose texts cross the borders of grains and tables.
func content() []byte {
	b := make([]byte, 40<<20)
	for _, at := range []int{5, 65530, 200000, 32<<20 - 5, 40<<20 - 30} {
		copy(b[at:], "some content of this disk")
	}
	return b
}

func compose(t testing.TB, b []byte) []byte {
	t.Helper()
	disk := extent.New(int64(len(b)))
	disk.Place(0, bytes.NewReader(b))
	image, err := vmdk.New(disk, "disk.vmdk", 1)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := io.ReadAll(io.NewSectionReader(image, 0, image.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

func TestOpenReadsWhatNewAndQEMUMake(t *testing.T) {
	want := content()
	images := map[string][]byte{"ours": compose(t, want)}
	raw, out := filepath.Join(t.TempDir(), "raw"), filepath.Join(t.TempDir(), "vmdk")
	if err := os.WriteFile(raw, want, 0o666); err != nil {
		t.Fatal(err)
	}
	if text, err := exec.Command(needed.Program(t, "qemu-img"), "convert", "-f", "raw", "-O", "vmdk", raw, out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var err error
	if images["qemu-img's"], err = os.ReadFile(out); err != nil {
		t.Fatal(err)
	}
	for name, image := range images {
		d, err := vmdk.Open(bytes.NewReader(image))
		if err != nil {
			t.Fatal(name, err)
		}
		got, err := io.ReadAll(io.NewSectionReader(d, 0, d.Size()))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(want))
		}
		// Whole reads tables only, and says of an image that is cut off what reading all of it says.
		for _, size := range []int{len(image), len(image) - 1, len(image) - 600, len(image) - 66_000, len(image) / 2} {
			d, err := vmdk.Open(bytes.NewReader(image[:size]))
			if err != nil {
				continue // its directory is gone
			}
			_, slow := io.Copy(io.Discard, io.NewSectionReader(d, 0, d.Size()))
			if quick := d.Whole(); (slow == nil) != (quick == nil) {
				t.Errorf("%s, %d of %d bytes: Whole says %v, reading it %v", name, size, len(image), quick, slow)
			}
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	good := compose(t, content())
	for want, edit := range map[string]func([]byte) []byte{
		"unexpected EOF":             func(b []byte) []byte { return b[:100] },
		"does not begin as a sparse": func(b []byte) []byte { b[0] = 0; return b },
		"compressed for transport":   func(b []byte) []byte { b[10] = 1; return b },
		"in grains of 0":             func(b []byte) []byte { b[20] = 0; return b },
		"its directory has 67108":    func(b []byte) []byte { b[16] = 0x80; b[44], b[45] = 0, 1; b[20] = 128; return b },
	} {
		if _, err := vmdk.Open(bytes.NewReader(edit(bytes.Clone(good)))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s...", err, want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(compose(f, content())[:4<<16])
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := vmdk.Open(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, at := range []int64{0, 65530, d.Size() / 2, d.Size() - 10} {
			if at >= 0 {
				_, _ = d.ReadAt(make([]byte, 70000), at)
			}
		}
	})
}
