package fat_test

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
	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/internal/needed"
)

const mib = 1 << 20

func options(size int64) fat.Options {
	return fat.Options{Size: size, Label: "ESP", ID: 0xcafe1234, Epoch: time.Date(2024, 2, 29, 13, 37, 58, 0, time.UTC)}
}

func text(s string) extent.Content { return strings.NewReader(s) }

// big is content of which no two sectors are equal.
func big(size int) extent.Content {
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, "line %d\n", b.Len())
	}
	return bytes.NewReader(b.Bytes()[:size])
}

func sample() []fat.File {
	files := []fat.File{
		{Path: "EFI/BOOT/BOOTX64.EFI", Content: big(1234567)},
		{Path: "boot/grub/grub.cfg", Content: text("menuentry\n")},
		{Path: "site.toml", Content: text("name = \"x\"\n")},
		{Path: "site.toml.example", Content: text("")},
		{Path: "EFI/tools/thirteen chars + long name, and more.efi", Content: text("1")},
		{Path: "EFI/tools/abcdefghijklm", Content: text("2")}, // no room for the ending 0
		{Path: "Grüße aus Köln.txt", Content: text("ü")},
		{Path: "a.b.c", Content: text("3")},
		{Path: ".hidden", Content: text("4")},
	}
	for i := range 100 {
		files = append(files, fat.File{Path: fmt.Sprintf("many/a file with number %d.txt", i), Content: text(fmt.Sprint(i))})
	}
	return files
}

func write(t testing.TB, o fat.Options, files []fat.File) (*fat.Volume, string) {
	t.Helper()
	v, err := fat.New(o, files)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "volume"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := v.WriteSparse(f); err != nil {
		t.Fatal(err)
	}
	return v, f.Name()
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(needed.Program(t, name), args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC", "MTOOLS_SKIP_CHECK=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestFsckFindsNothing at sizes around those where cluster sizes and kinds change.
func TestFsckFindsNothing(t *testing.T) {
	for _, size := range []int64{4 * mib, 16*mib - 512, 32 * mib, 33 * mib, 34*mib + 512, 40*mib - 512, 40 * mib, 64 * mib,
		66 * mib, 128 * mib, 129 * mib, 131 * mib, 135 * mib, 259 * mib, 270 * mib, 505 * mib, 762 * mib, 1024 * mib, 8192 * mib} {
		_, path := write(t, options(size), sample())
		out := run(t, "fsck.vfat", "-n", "-v", path)
		if kind := map[bool]string{false: "16 bit entries", true: "32 bit entries"}[size >= 40*mib]; !strings.Contains(out, kind) {
			t.Errorf("%d bytes: not with %s:\n%s", size, kind, out)
		}
		for _, word := range []string{"rong", "iffer", "nvalid", "irty", "ontains", "uto", "ad "} {
			if strings.Contains(out, word) {
				t.Errorf("%d bytes: fsck.vfat says %q in\n%s", size, word, out)
			}
		}
	}
}

func TestMtoolsReadsEveryFile(t *testing.T) {
	for _, size := range []int64{32 * mib, 64 * mib} {
		_, path := write(t, options(size), sample())
		dir := t.TempDir()
		run(t, "mcopy", "-s", "-m", "-i", path, "::*", dir)
		for _, f := range sample() {
			got, err := os.ReadFile(filepath.Join(dir, f.Path))
			want, _ := io.ReadAll(io.NewSectionReader(f.Content, 0, f.Content.Size()))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes, want %d (%v)", f.Path, len(got), len(want), err)
			}
		}
		info, err := os.Stat(filepath.Join(dir, "site.toml"))
		if err != nil || !info.ModTime().Equal(options(0).Epoch) {
			t.Errorf("site.toml has time %s (%v)", info.ModTime(), err)
		}
		listing := run(t, "mdir", "-i", path, "::")
		for _, want := range []string{"Volume in drive : is ESP", "Serial Number is CAFE-1234", "SITE~1   TOM        11 2024-02-29  13:37  site.toml"} {
			if !strings.Contains(listing, want) {
				t.Errorf("no %q in\n%s", want, listing)
			}
		}
	}
}

func TestEveryFileLiesInOnePiece(t *testing.T) {
	v, path := write(t, options(40*mib), sample())
	again, second := write(t, options(40*mib), sample())
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if other, err := os.ReadFile(second); err != nil || !bytes.Equal(image, other) {
		t.Errorf("written twice, the bytes differ (%v)", err)
	}
	for _, f := range sample() {
		at := v.Offset(f.Path)
		want, _ := io.ReadAll(io.NewSectionReader(f.Content, 0, f.Content.Size()))
		if !bytes.HasPrefix(image[at:], want) || at%512 != 0 || at != again.Offset(f.Path) {
			t.Errorf("%s does not lie at %d", f.Path, at)
		}
	}
	if at := v.Offset("EFI/BOOT/BOOTX64.EFI"); at%4096 != 0 && at%512 != 0 {
		t.Errorf("the first file lies at %d", at)
	}
	// A later file's content does not move an earlier one.
	files := sample()
	files[1].Content = big(100000)
	moved, _ := write(t, options(40*mib), files)
	if moved.Offset(files[0].Path) != v.Offset(files[0].Path) {
		t.Error("the first file moved with the second")
	}
}

// TestMinSize fills volumes to the last cluster.
func TestMinSize(t *testing.T) {
	for _, payload := range []int{0, 1, 3 * mib, 20*mib + 1, 33 * mib, 39 * mib, 60 * mib} {
		files := []fat.File{{Path: "EFI/BOOT/BOOTX64.EFI", Content: extent.New(int64(payload))}}
		size, err := fat.MinSize(files, 100<<10)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fat.New(options(size), append(files, fat.File{Path: "EFI/BOOT/SPARE", Content: extent.New(100 << 10)})); err != nil {
			t.Errorf("%d bytes: %v", payload, err)
		}
		if over := size - int64(payload); over > 5*mib {
			t.Errorf("%d bytes: the volume is %d larger", payload, over)
		}
	}
	if _, err := fat.New(options(4*mib), []fat.File{{Path: "x", Content: extent.New(5 * mib)}}); err == nil || !strings.Contains(err.Error(), "they need 6291456") {
		t.Errorf("got %v", err)
	}
}

func TestWhatFATCannotHold(t *testing.T) {
	for path, want := range map[string]string{
		"a//b": `"" is no name`, "../x": `".." is no name`, "": `"" is no name`,
		"a:b": "one of", "a\nb": "control character", "x.": "ends in a dot", "\xff": "control character",
		strings.Repeat("x", 256): "longer than 255", "EFI/boot/bootX64.efi": "there already", "efi": "there already",
		"EFI/BOOT/BOOTX64.EFI/x": "there already",
	} {
		_, err := fat.New(options(4*mib), []fat.File{{"EFI/BOOT/BOOTX64.EFI", text("")}, {path, text("")}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want ...%s...", path, err, want)
		}
	}
	if _, err := fat.New(options(4*mib), []fat.File{{"x", extent.New(1 << 32)}}); err == nil || !strings.Contains(err.Error(), "below 4 GiB") {
		t.Errorf("4 GiB: %v", err)
	}
	for _, size := range []int64{0, 1 * mib, 3 << 40} {
		if _, err := fat.New(options(size), nil); err == nil || !strings.Contains(err.Error(), "no FAT volume can have") {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	for _, label := range []string{"esp", "TWELVELETTER", "Ä"} {
		o := options(4 * mib)
		o.Label = label
		if _, err := fat.New(o, nil); err == nil {
			t.Errorf("the label %s was taken", label)
		}
	}
}

func TestTimesOutsideFATAreMovedInside(t *testing.T) {
	for unix, want := range map[int64]string{0: "1980-01-01   0:00", 1 << 40: "2107-12-31  23:59"} {
		o := options(4 * mib)
		o.Epoch = time.Unix(unix, 0)
		_, path := write(t, o, []fat.File{{"X", text("")}})
		if out := run(t, "mdir", "-i", path, "::"); !strings.Contains(out, want) {
			t.Errorf("%d: no %s in\n%s", unix, want, out)
		}
	}
}
