package repack_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/build/repack"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// vendor is an initramfs as vendors make them: microcode first, uncompressed, then the
// system, whose commands are names of one file and whose /lib is a link.
func vendor(t *testing.T, pack ...string) []byte {
	t.Helper()
	early, main := parts(t, pack...)
	return append(early, main...)
}

func parts(t *testing.T, pack ...string) (early, main []byte) {
	t.Helper()
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{"early/kernel/x86/microcode", "main/usr/lib/modules", "main/bin", "main/etc/empty"} {
		must(os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	for name, text := range map[string]string{"early/kernel/x86/microcode/GenuineIntel.bin": "microcode!", "main/init": "#!/bin/sh\n",
		"main/bin/busybox": strings.Repeat("busybox ", 3000), "main/etc/passwd": "root", "main/usr/lib/libc.so": "libc"} {
		must(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755))
	}
	must(os.Link(filepath.Join(dir, "main/bin/busybox"), filepath.Join(dir, "main/bin/sh")))
	must(os.Link(filepath.Join(dir, "main/bin/busybox"), filepath.Join(dir, "main/bin/ls")))
	must(os.Symlink("usr/lib", filepath.Join(dir, "main/lib")))
	must(os.Symlink("/usr/lib", filepath.Join(dir, "main/lib64")))
	archive := func(part string) []byte {
		cmd := exec.Command("sh", "-c", "find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0")
		cmd.Dir = filepath.Join(dir, part)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		// Less padding than cpio's, of whose each four bytes unmkinitramfs starts three programs.
		out = bytes.TrimRight(out, "\x00")
		return append(out, make([]byte, 12-len(out)%4)...)
	}
	main = archive("main")
	if len(pack) > 0 {
		needed.Program(t, pack[0])
		cmd := exec.Command(pack[0], pack[1:]...)
		cmd.Stdin = bytes.NewReader(main)
		var err error
		if main, err = cmd.Output(); err != nil {
			t.Fatal(err)
		}
	}
	return archive("early"), main
}

// listing gives what an initramfs comes to: mode and content or target of each file.
func listing(t *testing.T, b []byte) map[string]string {
	t.Helper()
	m := open(t, b)
	tree, contents, number := image.NewTree(), map[int]string{}, 0
	err := m.Walk(t.Context(), func(e image.Entry, r io.Reader) error {
		_, err := tree.Add(e, number)
		if r != nil && err == nil {
			var text []byte
			text, err = io.ReadAll(r)
			contents[number] = string(text)
		}
		number++
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, n := range tree.Nodes() {
		all[n.Path] = fmt.Sprintf("%s %d:%d %s", n.Mode, n.UID, n.GID, n.Link)
		if n.Mode.IsRegular() {
			all[n.Path] += contents[n.Content().Number]
		}
	}
	return all
}

func open(t *testing.T, b []byte) *image.Image {
	t.Helper()
	m, err := image.New(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	m.Name = "initrd"
	return m
}

func overlay() fstest.MapFS {
	return fstest.MapFS{
		"etc/passwd":         {Data: []byte("root and more"), Mode: 0o600},
		"scripts/local/hook": {Data: []byte("#!/bin/sh\necho hook\n"), Mode: 0o755},
		"lib/libnew.so":      {Data: []byte("new library"), Mode: 0o644},
		"lib64/modules/x.ko": {Data: []byte("module"), Mode: 0o644},
		"bin/ls":             {Data: []byte("not busybox"), Mode: 0o755},
		"bin/sh":             {Data: []byte("bash"), Mode: fs.ModeSymlink | 0o777},
		"etc/empty":          {Mode: fs.ModeDir | 0o700},
		"var/new":            {Mode: fs.ModeDir | 0o755},
	}
}

// packers pack an initramfs as its makers do, and nil does not.
var packers = [][]string{nil, {"gzip", "-n"}, {"xz", "--check=crc32"}, {"zstd", "-q"}, {"lz4", "-l"}, {"xz", "--format=lzma"}, {"bzip2"}, {"lzop", "-9"}}

func TestInitramfs(t *testing.T) {
	for _, pack := range packers {
		t.Run(strings.Join(pack, " "), func(t *testing.T) {
			early, main := parts(t, pack...)
			before := bytes.Clone(append(early, main...))
			var out bytes.Buffer
			packing, err := repack.Initramfs(t.Context(), &out, open(t, before), "site", overlay())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(out.Bytes(), early) {
				t.Error("the microcode has changed")
			}
			if is, ok := cpio.Detect(out.Bytes()[len(early):]); ok && is != packing.Is || !ok && packing.Is != cpio.None {
				t.Errorf("packed with %q, and said %v", is, packing)
			}
			readOnly := packing.Was == cpio.Bzip2 || packing.Was == cpio.LZO
			if packing.Is != packing.Was && (!readOnly || packing.Is != cpio.Zstd) {
				t.Errorf("%v", packing)
			}
			want := listing(t, before)
			for path, text := range map[string]string{
				"etc/passwd": "-rw------- 0:0 root and more", "scripts": "drwxr-xr-x 0:0 ", "scripts/local": "drwxr-xr-x 0:0 ",
				"scripts/local/hook": "-rwxr-xr-x 0:0 #!/bin/sh\necho hook\n", "usr/lib/libnew.so": "-rw-r--r-- 0:0 new library",
				"usr/lib/modules/x.ko": "-rw-r--r-- 0:0 module", "bin/ls": "-rwxr-xr-x 0:0 not busybox", "bin/sh": "Lrwxrwxrwx 0:0 bash",
				"var": "drwxr-xr-x 0:0 ", "var/new": "drwxr-xr-x 0:0 ",
			} {
				want[path] = text
			}
			got := listing(t, out.Bytes())
			for path := range want {
				if got[path] != want[path] {
					t.Errorf("%s is %.60q, want %.60q", path, got[path], want[path])
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d files, want %d", len(got), len(want))
			}
			var again bytes.Buffer
			if _, err := repack.Initramfs(t.Context(), &again, open(t, before), "site", overlay()); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
				t.Errorf("a second time: %v, equal: %t", err, bytes.Equal(out.Bytes(), again.Bytes()))
			}
			var copied bytes.Buffer
			if _, err := repack.Initramfs(t.Context(), &copied, open(t, before), "none", fstest.MapFS{}); err != nil || !bytes.Equal(copied.Bytes(), before) {
				t.Errorf("an empty overlay: %v, equal: %t", err, bytes.Equal(copied.Bytes(), before))
			}
			// The result is an initramfs like any other.
			var twice bytes.Buffer
			if _, err := repack.Initramfs(t.Context(), &twice, open(t, out.Bytes()), "more", fstest.MapFS{"more": {Data: []byte("more")}}); err != nil {
				t.Fatal(err)
			}
			if got := listing(t, twice.Bytes())["more"]; got != "---------- 0:0 more" {
				t.Errorf("repacked twice: %q", got)
			}
		})
	}
}

func TestInitramfsRefuses(t *testing.T) {
	plain := vendor(t)
	for want, files := range map[string]fstest.MapFS{
		"etc is a file in the overlay, and in the image a directory":                                                   {"etc": {Data: []byte("x")}},
		"etc/empty is a link in the overlay, and in the image a directory":                                             {"etc/empty": {Mode: fs.ModeSymlink, Data: []byte("../lib")}},
		"init is a directory in the overlay, and in the image a file":                                                  {"init/x": {Data: []byte("x")}},
		"etc/passwd is a directory in the overlay, and in the image a file":                                            {"etc/passwd": {Mode: fs.ModeDir}},
		"two files of the overlay lead to usr/lib/x in the image":                                                      {"lib/x": {Data: []byte("x")}, "usr/lib/x": {Data: []byte("y")}},
		"kernel/x86/microcode/GenuineIntel.bin lies in the archive that the kernel reads before it unpacks the others": {"kernel/x86/microcode/GenuineIntel.bin": {Data: []byte("x")}},
		"a target must lie below the image's root":                                                                     {"x": {Mode: fs.ModeSymlink, Data: []byte("../../x")}},
		"an overlay holds regular files, directories and symbolic links":                                               {"x": {Mode: fs.ModeNamedPipe}},
	} {
		if _, err := repack.Initramfs(t.Context(), io.Discard, open(t, plain), "site", files); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s...", err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := repack.Initramfs(ctx, io.Discard, open(t, plain), "site", overlay()); err != context.Canceled && !strings.Contains(fmt.Sprint(err), "context canceled") {
		t.Errorf("interrupted: %v", err)
	}
}
