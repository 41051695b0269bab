package iso9660_test

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

	"github.com/imgbuild/imgbuild/build/iso9660"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// listing renders a file system: mode, owner, path, target or content.
func listing(t *testing.T, b []byte) string {
	t.Helper()
	r, err := iso9660.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err = r.Walk(func(e iso9660.Entry) error {
		fmt.Fprintf(&out, "%s %d:%d %s", e.Mode, e.UID, e.GID, e.Path)
		if e.Content != nil {
			content, err := io.ReadAll(e.Content)
			if err != nil {
				return err
			}
			if len(content) > 40 {
				content = fmt.Appendf(nil, "%d of %q", len(content), content[len(content)-4:])
			}
			fmt.Fprintf(&out, " %s", content)
		}
		if e.Link != "" {
			fmt.Fprintf(&out, " -> %s", e.Link)
		}
		out.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func sampleToRead(t testing.TB) []byte {
	t.Helper()
	files := []iso9660.File{
		{Path: "boot/grub/grub.cfg", Content: strings.NewReader("menu")},
		{Path: "boot/efi.img", Content: strings.NewReader(strings.Repeat("efi!", 5000))},
		{Path: "README", Content: strings.NewReader("")},
	}
	for i := range 60 { // a directory of more than one block
		files = append(files, iso9660.File{Path: fmt.Sprintf("many/a file with a long name %d", i), Content: strings.NewReader("x")})
	}
	v, err := iso9660.New(iso9660.Options{VolumeID: "SAMPLE", Epoch: time.Unix(1700000000, 0)}, files)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(v, 0, v.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReaderReadsWhatNewMakes(t *testing.T) {
	b := sampleToRead(t)
	got := listing(t, b)
	for _, want := range []string{"dr-xr-xr-x 0:0 boot/grub\n", "-r--r--r-- 0:0 boot/grub/grub.cfg menu\n",
		"-r--r--r-- 0:0 boot/efi.img 20000 of \"efi!\"\n", "-r--r--r-- 0:0 README \n", "-r--r--r-- 0:0 many/a file with a long name 59 x\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%slacks %s", got, want)
		}
	}
	if n := strings.Count(got, "\n"); n != 66 {
		t.Errorf("%d entries", n)
	}
	if _, err := iso9660.Open(bytes.NewReader(b[:len(b)/2]), int64(len(b)/2)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half of it: %v", err)
	}
	for _, b := range [][]byte{nil, make([]byte, 100<<10)} {
		if _, err := iso9660.Open(bytes.NewReader(b), int64(len(b))); !errors.Is(err, iso9660.ErrNone) {
			t.Errorf("%d zeros: %v", len(b), err)
		}
	}
}

func TestReaderReadsWhatXorrisoMakes(t *testing.T) {
	tool := needed.Program(t, "xorriso")
	dir := t.TempDir()
	deep := filepath.Join(dir, "tree", "1", "2", "3", "4", "5", "6", "7", "8", "9")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("a very long name ", 14) // its Rock Ridge fields lie elsewhere
	target := strings.Repeat("../some/where/", 20) + "else"
	for name, text := range map[string]string{"1/2/3/4/5/6/7/8/9/deep": "deep", long: "long", "1/big": strings.Repeat("0123456789", 3000)} {
		if err := os.WriteFile(filepath.Join(dir, "tree", name), []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"link": target, "absolute": "/etc/./passwd"} {
		if err := os.Symlink(target, filepath.Join(dir, "tree", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "tree", "1/big"), 0o4755); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "iso")
	for _, args := range [][]string{{"-rational-rock"}, {"-joliet", "-rational-rock"}} {
		cmd := exec.Command(tool, append(append([]string{"-as", "mkisofs", "-o", out}, args...), filepath.Join(dir, "tree"))...)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		got := listing(t, b)
		for _, want := range []string{"1/2/3/4/5/6/7/8/9/deep deep\n", " " + long + " long\n", "1/big 30000 of \"6789\"\n",
			" link -> " + target + "\n", " absolute -> /etc/./passwd\n"} {
			if !strings.Contains(got, want) {
				t.Errorf("%v: got\n%slacks %s", args, got, want)
			}
		}
		if n := strings.Count(got, "\n"); n < 14 || n > 15 { // writers that move deep directories leave a place for them
			t.Errorf("%v: %d entries\n%s", args, n, got)
		}
	}
}

func FuzzOpen(f *testing.F) {
	b := sampleToRead(f)
	f.Add(b[32<<10:])
	f.Fuzz(func(t *testing.T, b []byte) {
		whole := append(make([]byte, 32<<10), b...)
		r, err := iso9660.Open(bytes.NewReader(whole), int64(len(whole)))
		if err != nil {
			return
		}
		_ = r.Walk(func(e iso9660.Entry) error {
			if e.Content != nil {
				_, _ = e.Content.ReadAt(make([]byte, 100), 0)
			}
			return nil
		})
	})
}
