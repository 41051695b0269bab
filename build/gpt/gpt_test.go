package gpt_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/gpt"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/internal/gptedit"
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

// Both tables are read by our reader of foreign ones as what was placed; it shares no code with the library that writes.
func TestReadGivesWhatWasPlaced(t *testing.T) {
	d, image := sample(t)
	whole := all(t, image)
	for name, read := range map[string]func() (*gptedit.Table, error){
		"begin": func() (*gptedit.Table, error) { return gptedit.Read(bytes.NewReader(whole)) },
		"end":   func() (*gptedit.Table, error) { return gptedit.ReadBackup(bytes.NewReader(whole), d.Sectors) },
	} {
		table, err := read()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []layout.Partition
		for i, p := range table.Partitions() {
			if want := d.Partitions[i]; p.Number != i+1 || p.GUID != want.GUID.String() || table.Type(p.Number) != want.Type.String() {
				t.Errorf("%s: partition %d is %+v of type %s, want %+v", name, i+1, p, table.Type(p.Number), want)
			}
			got = append(got, layout.Partition{Name: table.Name(p.Number), Type: d.Partitions[i].Type, GUID: d.Partitions[i].GUID, Start: p.First, Size: p.Last - p.First + 1})
		}
		if !slices.Equal(got, d.Partitions) || table.GUID() != d.GUID.String() || table.LastUsable() != d.Sectors-layout.TableSectors-1 {
			t.Errorf("%s: %v on a disk %s with room up to %d, want %v", name, got, table.GUID(), table.LastUsable(), d)
		}
	}
	if !bytes.HasPrefix(whole, []byte("boot code")) {
		t.Error("the boot code is lost")
	}
}

func TestWhatATableCannotHold(t *testing.T) {
	good, image := sample(t)
	for want, edit := range map[string]func(*layout.Disk){
		"longer than 36 UTF-16 units":            func(d *layout.Disk) { d.Partitions[0].Name = strings.Repeat("ß", 37) },
		"partition 2 is longer than 36 UTF-16":   func(d *layout.Disk) { d.Partitions[1].Name = strings.Repeat("𝄞", 19) },
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
