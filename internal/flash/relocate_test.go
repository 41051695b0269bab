package flash

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/gpt"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/internal/gptedit"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// sample is a small disk image with a partition table.
func sample(t testing.TB) []byte {
	t.Helper()
	d, err := layout.Plan("sample", layout.Contents{Boot: 100 << 10, ESP: 7 << 20, State: 2 << 20})
	if err != nil {
		t.Fatal(err)
	}
	image := extent.New(d.Sectors * layout.Sector)
	if err := gpt.Place(image, d, []byte("boot code")); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(image, 0, image.Size()))
	if err != nil {
		t.Fatal(err)
	}
	for at := 1 << 20; at < len(b)-1<<20; at++ {
		b[at] = byte(at % 251)
	}
	return b
}

// written is what a disk holds after a plan, in memory.
func written(t *testing.T, p *Plan) []byte {
	t.Helper()
	disk := make([]byte, p.DiskSize)
	copy(disk[p.tailOffset():], p.Tail)
	if _, err := p.Image.ReadAt(disk[:p.Image.Size()], 0); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return disk
}

func TestBackupMovesToTheEnd(t *testing.T) {
	image := sample(t)
	for _, more := range []int64{0, 512, 20 * 512, 33 * 512, 5 << 20} {
		t.Run(fmt.Sprint(more), func(t *testing.T) {
			p, err := Make(bytes.NewReader(image), int64(len(image))+more)
			if err != nil || p.Unmoved != nil || p.Moved != (more > 0) {
				t.Fatal(p, err)
			}
			disk := written(t, p)
			begin, err := gptedit.Read(bytes.NewReader(disk))
			if err != nil || begin.LastUsable() != p.DiskSize/512-34 || len(begin.Partitions()) != 3 || !bytes.HasPrefix(disk, []byte("boot code")) {
				t.Errorf("%+v, %v", begin, err)
			}
			end, err := gptedit.ReadBackup(bytes.NewReader(disk), p.DiskSize/512)
			if err != nil || !slices.Equal(end.Partitions(), begin.Partitions()) {
				t.Errorf("%+v, %v", end, err)
			}
			if !bytes.Equal(disk[1<<20:len(image)-1<<20], image[1<<20:len(image)-1<<20]) {
				t.Error("partitions changed")
			}
			tool := needed.Program(t, "sgdisk")
			path := filepath.Join(t.TempDir(), "disk")
			if err := os.WriteFile(path, disk, 0o666); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(tool, "-v", path).CombinedOutput()
			if text := string(out); err != nil || !strings.Contains(text, "No problems found") || strings.Contains(text, "aution") || strings.Contains(text, "arning") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// What we do not know of a foreign table must outlast the move.
func TestForeignTableKeepsItsFields(t *testing.T) {
	tool := needed.Program(t, "sgdisk")
	path := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(path, make([]byte, 8<<20), 0o666); err != nil {
		t.Fatal(err)
	}
	sgdisk := func(args ...string) string {
		t.Helper()
		out, err := exec.Command(tool, append(args, path)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	// The third partition alone, with an attribute: neither may get lost.
	sgdisk("-n", "3:2048:4095", "-A", "3:set:2", "-t", "3:8300", "-c", "3:the third")
	before := sgdisk("-i", "3")
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(image, "foreign boot code")
	p, err := Make(bytes.NewReader(image), 12<<20)
	if err != nil || !p.Moved {
		t.Fatal(p, err)
	}
	disk := written(t, p)
	if err := os.WriteFile(path, disk, 0o666); err != nil {
		t.Fatal(err)
	}
	if after := sgdisk("-i", "3"); after != before || !bytes.HasPrefix(disk, []byte("foreign boot code")) {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	if out := sgdisk("-v"); !strings.Contains(out, "No problems found") {
		t.Error(out)
	}
}

func TestTableThatIsLeftAlone(t *testing.T) {
	good := sample(t)
	for want, edit := range map[string]func([]byte) []byte{
		"the checksum of its header is wrong":  func(b []byte) []byte { b[600]++; return b },
		"the checksum of its entries is wrong": func(b []byte) []byte { b[1030]++; return b },
		"a partition reaches to sector":        func(b []byte) []byte { return b[:5<<20] },
		"":                                     func(b []byte) []byte { clear(b[512:520]); return b },
	} {
		image := edit(bytes.Clone(good))
		p, err := Make(bytes.NewReader(image), int64(len(image))+1<<20)
		if err != nil || p.Moved {
			t.Fatal(p, err)
		}
		if (p.Unmoved == nil) != (want == "") || p.Unmoved != nil && !strings.Contains(p.Unmoved.Error(), want) {
			t.Errorf("got %v, want ...%s...", p.Unmoved, want)
		}
		disk := written(t, p)
		if !bytes.Equal(disk[:len(image)], image) || !bytes.Equal(disk[len(image):], make([]byte, 1<<20)) {
			t.Errorf("%s: the disk is not the image and zeros", want)
		}
	}
	if _, err := Make(broken{}, 1<<20); !errors.Is(err, os.ErrClosed) {
		t.Errorf("an image that cannot be read: %v", err)
	}
}

type broken struct{}

func (broken) Size() int64                       { return 8192 }
func (broken) ReadAt([]byte, int64) (int, error) { return 0, os.ErrClosed }

func FuzzMake(f *testing.F) {
	f.Add(sample(f)[:34*512], int64(9<<20))
	f.Fuzz(func(t *testing.T, image []byte, size int64) {
		if size < int64(len(image)) || size > 1<<40 {
			return
		}
		p, err := Make(bytes.NewReader(image), size)
		if err != nil {
			return
		}
		if p.tailOffset() < 0 {
			t.Errorf("a tail of %d on a disk of %d", len(p.Tail), size)
		}
	})
}
