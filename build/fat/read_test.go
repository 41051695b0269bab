package fat_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// listing renders a volume: a path a line, files with their content or its length.
func listing(t *testing.T, volume []byte) string {
	t.Helper()
	r, err := fat.Open(bytes.NewReader(volume), int64(len(volume)))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	err = r.Walk(func(e fat.Entry) error {
		if e.Dir {
			fmt.Fprintf(&b, "%s/\n", e.Path)
			return nil
		}
		content, err := io.ReadAll(io.NewSectionReader(e.Content, 0, e.Content.Size()))
		if len(content) > 40 {
			content = fmt.Appendf(nil, "%d of %q", len(content), content[len(content)-4:])
		}
		fmt.Fprintf(&b, "%s %s\n", e.Path, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReaderReadsWhatNewMakes(t *testing.T) {
	for _, size := range []int64{8 << 20, 40 << 20} {
		v, err := fat.New(fat.Options{Size: size, Label: "X", Epoch: time.Unix(1700000000, 0)}, []fat.File{
			{Path: "EFI/BOOT/BOOTX64.EFI", Content: strings.NewReader(strings.Repeat("boot", 50000))},
			{Path: "a long name, of more than one record.txt", Content: strings.NewReader("long")},
			{Path: "empty", Content: strings.NewReader("")},
		})
		if err != nil {
			t.Fatal(err)
		}
		whole, err := io.ReadAll(io.NewSectionReader(v, 0, v.Size()))
		if err != nil {
			t.Fatal(err)
		}
		want := "EFI/\nEFI/BOOT/\nEFI/BOOT/BOOTX64.EFI 200000 of \"boot\"\na long name, of more than one record.txt long\nempty \n"
		if got := listing(t, whole); got != want {
			t.Errorf("%d bytes: got\n%s\nwant\n%s", size, got, want)
		}
		if r, _ := fat.Open(bytes.NewReader(whole), size/2); r != nil {
			t.Errorf("half of %d bytes was opened", size)
		}
	}
}

func TestReaderReadsWhatMtoolsWrite(t *testing.T) {
	mkfs := needed.Program(t, "mkfs.vfat")
	mcopy := needed.Program(t, "mcopy")
	for _, bits := range []string{"12", "16", "32"} {
		t.Run(bits, func(t *testing.T) {
			dir := t.TempDir()
			volume := filepath.Join(dir, "volume")
			run := func(args ...string) {
				t.Helper()
				if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
					t.Fatalf("%v: %v\n%s", args, err, out)
				}
			}
			run(mkfs, "-C", "-F", bits, "-n", "LABEL", volume, map[string]string{"12": "2000", "16": "20000", "32": "80000"}[bits])
			if err := os.MkdirAll(filepath.Join(dir, "Directory", "below"), 0o777); err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string]string{
				"Directory/below/a file with a long name": "long", "Directory/big": strings.Repeat("0123456789", 30000), "UPPER.TXT": "upper", "small.txt": "small",
			} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			// The second copy lies in the gap that the first left, and behind it.
			for _, f := range []string{"small.txt", "UPPER.TXT"} {
				run(mcopy, "-i", volume, filepath.Join(dir, f), "::")
			}
			run("mdel", "-i", volume, "::small.txt")
			run(mcopy, "-i", volume, "-s", filepath.Join(dir, "Directory"), "::")
			run(mcopy, "-i", volume, filepath.Join(dir, "small.txt"), "::")
			b, err := os.ReadFile(volume)
			if err != nil {
				t.Fatal(err)
			}
			got := listing(t, b)
			for _, want := range []string{"Directory/\n", "Directory/below/\n", "Directory/below/a file with a long name long\n",
				"Directory/big 300000 of \"6789\"\n", "UPPER.TXT upper\n", "small.txt small\n"} {
				if !strings.Contains(got, want) {
					t.Errorf("got\n%slacks %s", got, want)
				}
			}
			if strings.Count(got, "\n") != 6 {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

func TestReaderRefuses(t *testing.T) {
	for _, b := range [][]byte{nil, make([]byte, 512), bytes.Repeat([]byte{0x55, 0xaa}, 512)} {
		if _, err := fat.Open(bytes.NewReader(b), int64(len(b))); !errors.Is(err, fat.ErrNone) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	v, err := fat.New(fat.Options{Size: 3 << 20, Label: "X"}, []fat.File{{Path: "EFI/a long name", Content: strings.NewReader("content")}})
	if err != nil {
		f.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(v, 0, 64<<10))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := fat.Open(bytes.NewReader(b), 3<<20)
		if err != nil {
			return
		}
		_ = r.Walk(func(e fat.Entry) error {
			if e.Content != nil {
				_, _ = e.Content.ReadAt(make([]byte, 100), 0)
			}
			return nil
		})
	})
}
