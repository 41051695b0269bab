package qcow_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/qcow"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// content is a disk with text, noise and gaps, which cross the borders of clusters.
func content(size int64) []byte {
	b := make([]byte, size)
	r := rand.New(rand.NewPCG(1, 2))
	for at := int64(1000); at < size; at += 300 << 10 {
		part := b[at:min(at+100<<10, size)]
		if at%2 == 0 && at%(600<<10) > 1000 {
			copy(part, strings.Repeat("text ", len(part)/5))
			continue
		}
		for i := range part {
			part[i] = byte(r.Uint32())
		}
	}
	return b
}

func check(t *testing.T, file io.ReaderAt, want []byte) {
	t.Helper()
	d, err := qcow.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(io.NewSectionReader(d, 0, d.Size()))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v; want %d, equal: %v", len(got), err, len(want), bytes.Equal(got, want))
	}
}

func TestOpenReadsWhatNewMakes(t *testing.T) {
	want := content(3<<20 + 512)
	disk := extent.New(int64(len(want)))
	disk.Place(0, bytes.NewReader(want))
	image, err := qcow.New(disk)
	if err != nil {
		t.Fatal(err)
	}
	check(t, image, want)
	b, err := io.ReadAll(io.NewSectionReader(image, 0, image.Size()))
	if err != nil {
		t.Fatal(err)
	}
	cut(t, b, false)
}

func TestOpenReadsWhatQEMUMakes(t *testing.T) {
	tool := needed.Program(t, "qemu-img")
	want := content(3<<20 + 512)
	dir := t.TempDir()
	raw := filepath.Join(dir, "raw")
	if err := os.WriteFile(raw, want, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"-o", "compat=0.10"}, {"-o", "compat=1.1"}, {"-o", "cluster_size=512"}, {"-o", "cluster_size=2M"},
		{"-c"}, {"-c", "-o", "compression_type=zstd"}, {"-c", "-o", "cluster_size=4k"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			out := filepath.Join(dir, "image")
			args := append(append([]string{"convert", "-f", "raw", "-O", "qcow2"}, args...), raw, out)
			if text, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			check(t, bytes.NewReader(b), want)
			cut(t, b, args[5] == "-c")
			d, err := qcow.Open(bytes.NewReader(b[:len(b)/2]))
			if err == nil {
				_, err = io.ReadAll(io.NewSectionReader(d, 0, d.Size()))
			}
			if err == nil {
				t.Error("half an image was read without an error")
			}
		})
	}
}

// cut demands that Whole, which reads tables only, says of an image that is cut off what reading all of
// it says; of one with compressed clusters it need not know.
func cut(t *testing.T, b []byte, packed bool) {
	t.Helper()
	for _, size := range []int{len(b), len(b) - 1, len(b) - 511, len(b) - 65_000, len(b) - 70_000, len(b) / 2, len(b) / 4} {
		d, err := qcow.Open(bytes.NewReader(b[:size]))
		if err != nil {
			continue // its first table is gone
		}
		_, slow := io.Copy(io.Discard, io.NewSectionReader(d, 0, d.Size()))
		quick := d.Whole()
		if (slow == nil) != (quick == nil) && !(packed && quick == nil) {
			t.Errorf("%d of %d bytes: Whole says %v, reading it %v", size, len(b), quick, slow)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	disk := extent.New(1 << 20)
	disk.Place(0, strings.NewReader("content"))
	image, err := qcow.New(disk)
	if err != nil {
		t.Fatal(err)
	}
	good, err := io.ReadAll(io.NewSectionReader(image, 0, image.Size()))
	if err != nil {
		t.Fatal(err)
	}
	for want, edit := range map[string]func([]byte) []byte{
		"unexpected EOF":               func(b []byte) []byte { return b[:50] },
		"does not begin as one":        func(b []byte) []byte { b[0] = 0; return b },
		"version 9; accepted: 2 and 3": func(b []byte) []byte { b[7] = 9; return b },
		"builds on another file":       func(b []byte) []byte { b[15] = 1; return b },
		"encrypted":                    func(b []byte) []byte { b[35] = 1; return b },
		"needs features 0x10":          func(b []byte) []byte { b[79] = 16; return b },
		"clusters of 2^60":             func(b []byte) []byte { b[23] = 60; return b },
		"first table has 1 entries":    func(b []byte) []byte { b[24] = 0x10; return b },
	} {
		if _, err := qcow.Open(bytes.NewReader(edit(bytes.Clone(good)))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s...", err, want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	disk := extent.New(1 << 20)
	disk.Place(70000, strings.NewReader("content"))
	image, err := qcow.New(disk)
	if err != nil {
		f.Fatal(err)
	}
	good, err := io.ReadAll(io.NewSectionReader(image, 0, image.Size()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good[:5<<16])
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := qcow.Open(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, at := range []int64{0, 65536, d.Size() / 2, d.Size() - 10} {
			if at >= 0 {
				_, _ = d.ReadAt(make([]byte, 70000), at)
			}
		}
	})
}
