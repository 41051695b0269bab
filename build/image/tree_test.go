package image_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/image"
)

// Later files are laid over earlier ones as the kernel does it.
func TestTreeIsWhatTheKernelMakes(t *testing.T) {
	for name, c := range map[string]struct {
		first, second []string
		want          string
	}{
		"replaced":                            {[]string{"a=old"}, []string{"a=newer"}, "-rw-r--r-- 5 a"},
		"through a link":                      {[]string{"lib=-> usr/lib", "usr=dir", "usr/lib=dir"}, []string{"lib/x=x"}, "-rw-r--r-- 1 usr/lib/x"},
		"through an absolute one":             {[]string{"run=dir", "var=dir", "var/run=-> /run"}, []string{"var/run/x=x"}, "-rw-r--r-- 1 run/x"},
		"out of the root":                     {[]string{"up=-> ../../.."}, []string{"up/x=x"}, "-rw-r--r-- 1 x"},
		"link by file":                        {[]string{"a=-> b", "b=text"}, []string{"a=file"}, "-rw-r--r-- 4 a"},
		"file by link":                        {[]string{"a=file"}, []string{"a=-> b"}, "Lrwxrwxrwx 0 a -> b"},
		"empty directory by file":             {[]string{"a=dir"}, []string{"a=file"}, "-rw-r--r-- 4 a"},
		"full directory stays":                {[]string{"a=dir", "a/b=x"}, []string{"a=file"}, "drwxr-xr-x 0 a"},
		"link to a directory, by a directory": {[]string{"lib=-> usr/lib"}, []string{"lib=dir"}, "drwxr-xr-x 0 lib"},
		"climbing":                            {nil, []string{"../../etc/passwd=x"}, "-rw-r--r-- 1 etc/passwd"},
	} {
		t.Run(name, func(t *testing.T) {
			b := append(initramfs(t, cpio.None, c.first...), initramfs(t, cpio.Zstd, c.second...)...)
			got, err := list(open(t, b))
			if err != nil || !strings.Contains("\n"+strings.Join(got, "\n")+"\n", "\n"+c.want+"\n") {
				t.Errorf("got %q, %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestLinksInACircle(t *testing.T) {
	b := append(initramfs(t, cpio.None, "a=-> b", "b=-> a"), initramfs(t, cpio.None, "a/x=x")...)
	if _, err := list(open(t, b)); err == nil || !strings.Contains(err.Error(), "too many links") {
		t.Error(err)
	}
}

func TestLookup(t *testing.T) {
	m := open(t, content(t, hard(t)))
	tr, number := image.NewTree(), 0
	err := m.Walk(t.Context(), func(e image.Entry, _ io.Reader) error {
		number++
		_, err := tr.Add(e, number)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const initrd = "esp/EFI/BOOT/BOOTX64.EFI/.initrd"
	for name, want := range map[string]string{
		"/esp/site.toml": "esp/site.toml", initrd + "/bin/tool": initrd + "/usr/bin/tool", initrd + "/bin": initrd + "/usr/bin",
		"./" + initrd: initrd, "esp/../esp/EFI": "esp/EFI", "nothing": "", initrd + "/bin/nothing": "",
	} {
		n, ok := tr.Lookup(name)
		if ok != (want != "") || ok && n.Path != want {
			t.Errorf("%s: %v, %t, want %q", name, n, ok, want)
		}
	}
}

// hardlinked is an archive of cpio(1), which puts the content behind the last name.
func hardlinked(t *testing.T) []byte {
	t.Helper()
	tool(t, "cpio")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "busybox"), []byte("all commands"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ls", "sh"} {
		if err := os.Link(filepath.Join(dir, "busybox"), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("cpio", "-o", "-H", "newc", "--quiet", "-R", "0:0")
	cmd.Dir, cmd.Stdin = dir, strings.NewReader("busybox\nls\nsh\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestHardLinks(t *testing.T) {
	b := hardlinked(t)
	got, err := list(open(t, b))
	want := "-rwxr-xr-x 12 busybox\n-rwxr-xr-x 12 ls\n-rwxr-xr-x 12 sh"
	if err != nil || strings.Join(got, "\n") != want {
		t.Errorf("got %q, %v", got, err)
	}
	// The kernel writes into a file that is there, under all its names.
	b = append(bytes.Clone(b), initramfs(t, cpio.None, "ls=other")...)
	if got, err = list(open(t, b)); err != nil || strings.Join(got, "\n") != "-rwxr-xr-x 5 busybox\n-rw-r--r-- 5 ls\n-rwxr-xr-x 5 sh" {
		t.Errorf("got %q, %v", got, err)
	}
}
