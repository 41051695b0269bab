package squashfs_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/build/squashfs"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// pack packs a tree with everything in it that a squashfs can hold.
func pack(t testing.TB, args ...string) []byte {
	t.Helper()
	tool := needed.Program(t, "mksquashfs")
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	if err := os.MkdirAll(filepath.Join(root, "many", "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 300<<10)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	files := map[string]string{"noise": string(noise), "text": strings.Repeat("some text ", 50000), "small": "small", "empty": "",
		"holes": strings.Repeat("\x00", 2<<20) + "end"}
	for i := range 300 {
		files[fmt.Sprintf("many/file %d", i)] = fmt.Sprint("content ", i)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Link(filepath.Join(root, "small"), filepath.Join(root, "same")), os.Symlink("../else/where", filepath.Join(root, "link"))); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "image")
	args = append([]string{root, out, "-noappend", "-no-progress", "-quiet",
		"-p", "null c 666 0 0 1 3", "-p", "sda b 660 0 6 8 0", "-p", "su f 4755 70 100000 printf suid", "-p", "pipe i 600 0 0 f",
		"-p", "many/empty m 1777 0 0"}, args...)
	if text, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, text)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// listing renders a file system: what each name is, and the hash of longer contents.
func listing(r *squashfs.Reader) (map[string]string, error) {
	all := map[string]string{}
	err := r.Walk(func(e squashfs.Entry) error {
		text := fmt.Sprintf("%s %d:%d", e.Mode, e.UID, e.GID)
		switch {
		case e.Mode.IsRegular():
			b, err := io.ReadAll(r.Content(e))
			if err != nil {
				return err
			}
			if len(b) != int(e.Size) {
				return fmt.Errorf("%s has %d bytes, not %d", e.Path, len(b), e.Size)
			}
			if len(b) > 100 {
				b = fmt.Appendf(nil, "%d %.4x", len(b), sha256.Sum256(b))
			}
			text += " " + string(b)
		case e.Mode&fs.ModeDevice != 0:
			text += fmt.Sprintf(" %d,%d", e.Major, e.Minor)
		case e.Link != "":
			text += " -> " + e.Link
		}
		all[e.Path] = text
		return nil
	})
	return all, err
}

func TestReaderReadsWhatMksquashfsMakes(t *testing.T) {
	for _, args := range []string{"-comp gzip", "-comp xz -b 1M", "-comp zstd -b 4096", "-comp lz4", "-comp zstd -no-fragments",
		"-comp gzip -noI -noD -noF -noX", "-comp gzip -always-use-fragments", "-comp lzma", "-comp lzo", "-comp lzo -Xalgorithm lzo1x_1"} {
		t.Run(args, func(t *testing.T) {
			b := pack(t, strings.Fields(args)...)
			r, err := squashfs.Open(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := listing(r)
			if err != nil {
				t.Fatal(err)
			}
			own := fmt.Sprintf(" %d:%d", os.Getuid(), os.Getgid())
			want := map[string]string{
				".": "drwxr-xr-x" + own, "many/empty": "dtrwxrwxrwx 0:0", "small": "-rw-r-----" + own + " small", "same": "-rw-r-----" + own + " small",
				"link": "Lrwxrwxrwx" + own + " -> ../else/where", "null": "Dcrw-rw-rw- 0:0 1,3", "sda": "Drw-rw---- 0:6 8,0", "su": "urwxr-xr-x 70:100000 suid",
				"pipe": "prw------- 0:0", "empty": "-rw-r-----" + own + " ", "many/file 299": "-rw-r-----" + own + " content 299",
				"text":  "-rw-r-----" + own + fmt.Sprintf(" 500000 %.4x", sha256.Sum256([]byte(strings.Repeat("some text ", 50000)))),
				"holes": "-rw-r-----" + own + fmt.Sprintf(" 2097155 %.4x", sha256.Sum256([]byte(strings.Repeat("\x00", 2<<20)+"end"))),
			}
			for path, text := range want {
				if got[path] != text {
					t.Errorf("%s is %q, want %q", path, got[path], text)
				}
			}
			if len(got) != 300+14 {
				t.Errorf("%d names", len(got))
			}
			if want := strings.Fields(args)[1]; r.Superblock.Compressor != want {
				t.Errorf("compressor %s, want %s", r.Superblock.Compressor, want)
			}
		})
	}
}

func TestXattrs(t *testing.T) {
	tool := needed.Program(t, "mksquashfs")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ping"), []byte("ping"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setxattr(filepath.Join(dir, "ping"), "user.note", []byte("text"), 0); err != nil {
		t.Skipf("no extended attributes here: %v", err)
	}
	image := filepath.Join(t.TempDir(), "image")
	if out, err := exec.Command(tool, dir, image, "-quiet", "-no-progress").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	f, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, _ := f.Stat()
	r, err := squashfs.Open(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	err = r.Walk(func(e squashfs.Entry) error {
		x, err := r.Xattrs(e)
		if e.Path == "ping" && x["user.note"] != "text" || e.Path == "." && len(x) != 0 {
			t.Errorf("%s has %q", e.Path, x)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestReaderRefuses(t *testing.T) {
	good := pack(t)
	for want, edit := range map[string]func([]byte) []byte{
		"no squashfs":                  func(b []byte) []byte { return b[:50] },
		"it is of version 3.0":         func(b []byte) []byte { b[28] = 3; return b },
		"unknown number 9":             func(b []byte) []byte { b[20] = 9; return b },
		"blocks of 131073 bytes":       func(b []byte) []byte { b[12] = 1; return b },
		": unexpected EOF":             func(b []byte) []byte { return b[:len(b)/2] },
		"a table lies at byte 7133696": func(b []byte) []byte { copy(b[64:], "\x00\xda\x6c\x00"); return b },
	} {
		b := edit(bytes.Clone(good))
		if _, err := squashfs.Open(bytes.NewReader(b), int64(len(b))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s...", err, want)
		}
	}
}

func FuzzReader(f *testing.F) {
	image := filepath.Join(f.TempDir(), "image")
	args := []string{"-", image, "-quiet", "-no-progress", "-noI", "-noX", "-p", "/ d 755 0 0", "-p", "file f 644 0 0 printf content", "-p", "null c 666 0 0 1 3"}
	if out, err := exec.Command(needed.Program(f, "mksquashfs"), args...).CombinedOutput(); err != nil {
		f.Fatalf("%v %s", err, out)
	}
	b, err := os.ReadFile(image)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := squashfs.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		visited := 0
		_ = r.Walk(func(e squashfs.Entry) error {
			if visited++; visited > 10000 {
				return errors.New("enough")
			}
			_, _ = r.Xattrs(e)
			if e.Mode.IsRegular() {
				_, _ = io.CopyN(io.Discard, r.Content(e), 1<<20)
			}
			return nil
		})
	})
}
