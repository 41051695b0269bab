package iso9660_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/iso9660"
	"github.com/imgbuild/imgbuild/internal/needed"
)

func options() iso9660.Options {
	return iso9660.Options{
		VolumeID: "HEADLESS_1", Epoch: time.Date(2024, 2, 29, 13, 37, 59, 0, time.UTC), Padding: 300 << 10, Whole: 1 << 20,
		Boot: []iso9660.Boot{
			{Platform: iso9660.BIOS, Path: "boot/cd.img", Sectors: 4},
			{Platform: iso9660.EFI, Path: "boot/efi.img"},
		},
	}
}

func text(s string) extent.Content { return strings.NewReader(s) }

func sample() []iso9660.File {
	files := []iso9660.File{
		{Path: "boot/cd.img", Content: text(strings.Repeat("cd", 5000))},
		{Path: "boot/efi.img", Content: text(strings.Repeat("efi", 50000))},
		{Path: "boot/grub/grub.cfg", Content: text("menuentry\n")},
		{Path: "empty", Content: text("")},
		{Path: "a", Content: text("1")},
		{Path: "a.b", Content: text("2")},
		{Path: "a.0", Content: text("3")},
		{Path: "A", Content: text("4")},
		{Path: "a_b", Content: text("5")},
		{Path: "Grüße aus Köln.txt", Content: text("6")},
		{Path: ".disk/info", Content: text("7")},
		{Path: strings.Repeat("n", 100), Content: text("8")},
		{Path: strings.Repeat("n", 99) + "m", Content: text("9")},
		{Path: "1/2/3/4/5/6/7/deep", Content: text("10")},
	}
	for i := range 100 { // more than a block of records
		files = append(files, iso9660.File{Path: fmt.Sprintf("many/a file with number %d.text", i), Content: text(fmt.Sprint("content ", i))})
	}
	return files
}

func all(t testing.TB, m extent.Content) []byte {
	t.Helper()
	b, err := io.ReadAll(io.NewSectionReader(m, 0, m.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, o iso9660.Options, files []iso9660.File) (*iso9660.Volume, string) {
	t.Helper()
	v, err := iso9660.New(o, files)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "volume.iso")
	if err := os.WriteFile(path, all(t, v), 0o666); err != nil {
		t.Fatal(err)
	}
	return v, path
}

// xorriso runs with the given arguments. It warns of what it repairs while it reads.
func xorriso(t *testing.T, args ...string) string {
	t.Helper()
	needed.Program(t, "xorriso")
	cmd := exec.Command("xorriso", append([]string{"-no_rc", "-osirrox", "on"}, args...)...)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "WARNING") || strings.Contains(string(out), "FAILURE") {
		t.Errorf("xorriso %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestXorrisoReadsEveryFile(t *testing.T) {
	_, path := write(t, options(), sample())
	dir := filepath.Join(t.TempDir(), "out")
	xorriso(t, "-indev", path, "-extract", "/", dir)
	for _, f := range sample() {
		got, err := os.ReadFile(filepath.Join(dir, f.Path))
		if err != nil || !bytes.Equal(got, all(t, f.Content)) {
			t.Errorf("%s: %.20q (%v)", f.Path, got, err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "boot/grub/grub.cfg"))
	if err != nil || !info.ModTime().Equal(options().Epoch) || info.Mode() != 0o444 {
		t.Errorf("grub.cfg: %s %s (%v)", info.Mode(), info.ModTime(), err)
	}
	// A walk over the plain names must see as many files, in order.
	out := xorriso(t, "-read_fs", "ecma119", "-indev", path, "-find", "/", "-type", "f")
	if got := strings.Count(out, "\n'/"); got+1 < len(sample()) {
		t.Errorf("without Rock Ridge there are %d of %d files:\n%s", got, len(sample()), out)
	}
}

func TestXorrisoSeesTheBootEntries(t *testing.T) {
	v, path := write(t, options(), sample())
	out := strings.Join(strings.Fields(xorriso(t, "-indev", path, "-report_el_torito", "plain", "-pvd_info")), " ")
	for _, want := range []string{
		fmt.Sprintf("El Torito boot img : 1 BIOS y none 0x0000 0x00 4 %d ", v.Block("boot/cd.img")),
		fmt.Sprintf("El Torito boot img : 2 UEFI y none 0x0000 0x00 296 %d ", v.Block("boot/efi.img")),
		"El Torito img path : 1 /boot/cd.img", "El Torito img path : 2 /boot/efi.img",
		"Volume Id : HEADLESS_1", "Creation Time: 2024022913375900", "Expir. Time : 0000000000000000",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestFilesLieWhereBlockSays(t *testing.T) {
	v, path := write(t, options(), sample())
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := write(t, options(), sample()); !bytes.Equal(all(t, again), image) {
		t.Error("written twice, the bytes differ")
	}
	for _, f := range sample() {
		if want := all(t, f.Content); len(want) > 0 && !bytes.HasPrefix(image[v.Block(f.Path)*2048:], want) {
			t.Errorf("%s is not at block %d", f.Path, v.Block(f.Path))
		}
	}
	if v.Size()%(1<<20) != 0 || len(bytes.TrimRight(image, "\x00")) > len(image)-300<<10 {
		t.Errorf("%d bytes with less than the padding", v.Size())
	}
	if len(bytes.Trim(image[:32<<10], "\x00")) > 0 {
		t.Error("the system area is not empty")
	}
	files := sample()
	files[2].Content = text(strings.Repeat("x", 9999))
	if moved, _ := write(t, options(), files); moved.Block(files[1].Path) != v.Block(files[1].Path) || moved.Block("a") == v.Block("a") {
		t.Error("a file's size moved one that lies before it, or none behind it")
	}
}

func TestALargeEFIImageGoesUpToTheEnd(t *testing.T) {
	files := []iso9660.File{{Path: "boot/cd.img", Content: text("cd")}, {Path: "boot/efi.img", Content: extent.New(33 << 20)}}
	v, err := iso9660.New(options(), files)
	if err != nil {
		t.Fatal(err)
	}
	catalog := make([]byte, 2048)
	if _, err := v.ReadAt(catalog, 19*2048); err != nil {
		t.Fatal(err)
	}
	if efi := catalog[96:128]; efi[0] != 0x88 || efi[6] != 0 || efi[7] != 0 {
		t.Errorf("entry % x", efi)
	}
	o := options()
	o.Boot = []iso9660.Boot{{Platform: iso9660.BIOS, Path: "boot/efi.img"}}
	if _, err := iso9660.New(o, files); err == nil || !strings.Contains(err.Error(), "a BIOS loads 65535") {
		t.Errorf("got %v", err)
	}
}

func TestWhatISO9660CannotHold(t *testing.T) {
	for path, want := range map[string]string{
		"b//c": `"" is no name`, "..": `".." is no name`, "a": "there already", "a/b": "there already", "x\x00": "is no name",
		strings.Repeat("x", 101): "longer than 100 bytes", "1/2/3/4/5/6/7/8/9": "9 levels deep",
	} {
		_, err := iso9660.New(iso9660.Options{Epoch: time.Unix(0, 0)}, []iso9660.File{{"a", text("")}, {path, text("")}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want ...%s...", path, err, want)
		}
	}
	for want, edit := range map[string]func(*iso9660.Options, *[]iso9660.File){
		"below 4 GiB":                     func(_ *iso9660.Options, f *[]iso9660.File) { (*f)[3].Content = extent.New(1 << 32) },
		`"boot/efi.img" is not there`:     func(_ *iso9660.Options, f *[]iso9660.File) { (*f)[1].Path = "x" },
		`"boot/cd.img" is not there`:      func(_ *iso9660.Options, f *[]iso9660.File) { (*f)[0].Content = text("") },
		`the volume's name "head" is not`: func(o *iso9660.Options, _ *[]iso9660.File) { o.VolumeID = "head" },
		"lies outside 1900 to 2155":       func(o *iso9660.Options, _ *[]iso9660.File) { o.Epoch = time.Time{} },
	} {
		o, files := options(), sample()
		edit(&o, &files)
		if _, err := iso9660.New(o, files); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s...", err, want)
		}
	}
}
