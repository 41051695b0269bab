package gpt_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/gpt"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/internal/needed"
)

func sample(t testing.TB) (layout.Disk, *extent.Image) {
	t.Helper()
	d, err := layout.Plan("headless", layout.Contents{Boot: 100 << 10, ESP: 3 << 20, State: 2 << 20})
	if err != nil {
		t.Fatal(err)
	}
	image := extent.New(d.Sectors * layout.Sector)
	if err := gpt.Place(image, d, []byte("boot code")); err != nil {
		t.Fatal(err)
	}
	return d, image
}

func all(t testing.TB, m extent.Content) []byte {
	t.Helper()
	b, err := io.ReadAll(io.NewSectionReader(m, 0, m.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSgdiskAgrees(t *testing.T) {
	tool := needed.Program(t, "sgdisk")
	d, image := sample(t)
	path := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(path, all(t, image), 0o666); err != nil {
		t.Fatal(err)
	}
	ask := func(args ...string) string {
		out, err := exec.Command(tool, append(args, path)...).CombinedOutput()
		if err != nil {
			t.Errorf("sgdisk %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out := ask("-v"); !strings.Contains(out, "No problems found") || strings.Contains(out, "aution") || strings.Contains(out, "arning") {
		t.Error(out)
	}
	if out := ask("-p"); !strings.Contains(out, "(GUID): "+strings.ToUpper(d.GUID.String())) {
		t.Errorf("the disk's GUID is not %s:\n%s", d.GUID, out)
	}
	for i, p := range d.Partitions {
		out := ask(fmt.Sprint("-i", i+1))
		for _, want := range []string{
			"type code\\)?: " + strings.ToUpper(p.Type.String()), "unique GUID: " + strings.ToUpper(p.GUID.String()),
			fmt.Sprintf("First sector: %d ", p.Start), fmt.Sprintf("size: %d sectors", p.Size), fmt.Sprintf("name: '%s'", p.Name),
		} {
			want = strings.ReplaceAll(want, "type code\\)?", "GUID code")
			if !regexp.MustCompile(regexp.QuoteMeta(want)).MatchString(out) {
				t.Errorf("partition %d is not %q:\n%s", i+1, want, out)
			}
		}
	}
}

func TestReadGivesWhatWasPlaced(t *testing.T) {
	d, image := sample(t)
	whole := all(t, image)
	read := func(name string, b []byte) {
		t.Helper()
		got, err := gpt.Read(bytes.NewReader(b), int64(len(b)))
		if err != nil || fmt.Sprint(got) != fmt.Sprint(d) {
			t.Errorf("%s: got %v and %v, want %v", name, got, err, d)
		}
	}
	read("whole", whole)
	read("on a larger disk", append(bytes.Clone(whole), make([]byte, 9<<20)...))
	for name, at := range map[string]int{"header": 600, "entries": 1024 + 40} {
		b := bytes.Clone(whole)
		b[at] ^= 1
		read("damaged "+name, b)
		b[len(b)-512+40] ^= 1
		if _, err := gpt.Read(bytes.NewReader(b), int64(len(b))); err == nil || !strings.Contains(err.Error(), "checksum") {
			t.Errorf("both tables damaged: %v", err)
		}
	}
	for _, b := range [][]byte{nil, make([]byte, 512), make([]byte, 1<<20)} {
		if _, err := gpt.Read(bytes.NewReader(b), int64(len(b))); !errors.Is(err, gpt.ErrNone) {
			t.Errorf("%d zeros: %v", len(b), err)
		}
	}
}

// TestMovingToALargerDisk does what a writer of images to disks does.
func TestMovingToALargerDisk(t *testing.T) {
	_, image := sample(t)
	larger := append(all(t, image), make([]byte, 5<<20)...)
	d, err := gpt.Read(bytes.NewReader(larger), int64(len(larger)))
	if err != nil {
		t.Fatal(err)
	}
	d.Sectors = int64(len(larger)) / layout.Sector
	pieces, err := gpt.Encode(d, larger[:gpt.BootCodeSize])
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pieces {
		copy(larger[p.Offset:], p.Bytes)
	}
	larger[600] ^= 1 // so that the backup is read
	got, err := gpt.Read(bytes.NewReader(larger), int64(len(larger)))
	if err != nil || fmt.Sprint(got) != fmt.Sprint(d) || !bytes.HasPrefix(larger, []byte("boot code")) {
		t.Errorf("got %v and %v, want %v", got, err, d)
	}
}

func TestWhatATableCannotHold(t *testing.T) {
	good, image := sample(t)
	for want, edit := range map[string]func(*layout.Disk){
		"longer than 36 UTF-16 units":            func(d *layout.Disk) { d.Partitions[0].Name = strings.Repeat("ß", 37) },
		"lies outside the usable sectors 34":     func(d *layout.Disk) { d.Partitions[0].Start = 33 },
		"usable sectors 34 to 14302":             func(d *layout.Disk) { d.Partitions[2].Size += 2048 },
		"129 partitions, the table has room for": func(d *layout.Disk) { d.Partitions = make([]layout.Partition, 129) },
	} {
		d := good
		d.Partitions = append([]layout.Partition(nil), good.Partitions...)
		edit(&d)
		if err := gpt.Place(extent.New(image.Size()), d, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s...", err, want)
		}
	}
	if err := gpt.Place(extent.New(image.Size()), good, make([]byte, 441)); err == nil {
		t.Error("441 bytes of boot code were taken")
	}
}

func FuzzRead(f *testing.F) {
	_, image := sample(f)
	f.Add(all(f, image)[:34*512])
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := gpt.Read(bytes.NewReader(b), int64(len(b)))
		for _, p := range d.Partitions {
			if err == nil && (p.Start < 0 || p.Size < 1 || p.Bytes()+p.Offset() > int64(len(b))) {
				t.Errorf("%+v on %d bytes", p, len(b))
			}
		}
	})
}
