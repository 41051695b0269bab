package deb

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// real returns an Apt on the host's own sources. IMGBUILD_TEST_CACHE keeps what it
// downloads from one run of the tests to the next.
// shared is a cache of all tests that ask the mirror, so that its lists are fetched once.
var shared string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "imgbuild-test-")
	if err != nil {
		panic(err)
	}
	shared = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func real(t testing.TB) *Apt {
	t.Helper()
	needed.Program(t, "apt-get")
	if found, _ := filepath.Glob("/etc/apt/sources.list*"); len(found) == 0 {
		t.Skip("this machine's apt has no sources")
	}
	if testing.Short() {
		t.Skip("-short: downloads from the mirror")
	}
	dir := os.Getenv("IMGBUILD_TEST_CACHE")
	if dir == "" {
		dir = shared
	}
	c, err := cache.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return New(c, notes{progress.Discard, t})
}

// notes logs notes and is silent about steps.
type notes struct {
	progress.Reporter
	t testing.TB
}

func (n notes) Note(format string, args ...any) { n.t.Logf("note: "+format, args...) }

// unpackAll resolves, fetches and unpacks.
func unpackAll(t testing.TB, a *Apt, names ...string) []Tree {
	t.Helper()
	pkgs, err := a.Resolve(t.Context(), names)
	var failed *commandError
	if errors.As(err, &failed) {
		t.Skipf("the mirror cannot be reached: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Fetch(t.Context(), pkgs); err != nil {
		t.Fatal(err)
	}
	var trees []Tree
	for _, p := range pkgs {
		tree, err := a.Unpack(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, tree)
	}
	return trees
}

// TestRealClosuresRun proves on the mirror's packages that nothing is missing: the
// picked files alone, in an empty root, start.
func TestRealClosuresRun(t *testing.T) {
	a := real(t)
	for _, test := range []struct {
		packages, want []string
		argv           []string
		says           string
		atMost         int64 // bytes in all, twice what was measured
	}{
		{[]string{"mdadm"}, []string{"/sbin/mdadm"}, []string{"/sbin/mdadm", "--version"}, "mdadm - v", 6 << 20},
		{[]string{"nftables"}, []string{"/usr/sbin/nft"}, []string{"/usr/sbin/nft", "--version"}, "nftables v", 9 << 20},
	} {
		t.Run(test.packages[0], func(t *testing.T) {
			trees := unpackAll(t, a, test.packages...)
			picks, err := Closure(trees, test.want)
			if err != nil {
				t.Fatal(err)
			}
			root := t.TempDir()
			size := install(t, root, picks)
			t.Logf("%d packages, %d files, %.1f MB", len(trees), len(picks), float64(size)/1e6)
			if size > test.atMost {
				t.Errorf("%d bytes, more than %d", size, test.atMost)
			}
			// Without chroot(2), which is root's: the loader takes the library path, so that
			// only what was picked gets loaded.
			lib := filepath.Join(root, "usr/lib/x86_64-linux-gnu")
			loader, err := filepath.Glob(lib + "/ld-linux-x86-64.so.2")
			if err != nil || len(loader) != 1 {
				t.Fatalf("no loader was picked: %v", err)
			}
			cmd := exec.Command(loader[0], append([]string{"--inhibit-cache", "--library-path", lib, root + test.argv[0]}, test.argv[1:]...)...)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), test.says) {
				t.Errorf("%v says %q, %v", test.argv, out, err)
			}
			list, err := exec.Command(loader[0], "--inhibit-cache", "--library-path", lib, "--list", root+test.argv[0]).CombinedOutput()
			if err != nil {
				t.Errorf("ld.so --list: %s, %v", list, err)
			}
			for line := range strings.Lines(string(list)) {
				if _, path, ok := strings.Cut(line, " => "); ok && !strings.HasPrefix(path, root) {
					t.Errorf("loaded from the host: %s", line)
				}
			}
		})
	}
}

// install lays picks out below root with the links of a merged /usr, and returns
// their size.
func install(t testing.TB, root string, picks []Pick) (size int64) {
	t.Helper()
	for _, d := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := errors.Join(os.MkdirAll(filepath.Join(root, "usr", d), 0o755), os.Symlink("usr/"+d, filepath.Join(root, d))); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range picks {
		at := filepath.Join(root, p.Path)
		err := os.MkdirAll(filepath.Dir(at), 0o755)
		if p.Entry.Link != "" {
			err = errors.Join(err, os.Symlink(p.Entry.Link, at))
		} else if p.Host != "" {
			body, readErr := os.ReadFile(p.Host)
			err = errors.Join(err, readErr, os.WriteFile(at, body, p.Entry.Mode.Perm()))
			size += p.Entry.Size
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return size
}

func TestRealSuggestions(t *testing.T) {
	a := real(t)
	trees := unpackAll(t, a, "mdadm")
	_, err := a.Resolve(t.Context(), []string{"mdamd", "nftables"})
	var none *NoPackageError
	if !errors.As(err, &none) || none.Name != "mdamd" || !slices.Contains(none.Suggest, "mdadm") {
		t.Errorf("error %v", err)
	}
	_, err = Closure(trees, []string{"/sbin/mdamd"})
	var no *NoFileError
	if !errors.As(err, &no) || !slices.Contains(no.Suggest, "/usr/sbin/mdadm") {
		t.Errorf("error %v", err)
	}
}

func TestRealKernel(t *testing.T) {
	a := real(t)
	p, err := a.Kernel(t.Context(), "linux-image-amd64")
	var failed *commandError
	if errors.As(err, &failed) {
		t.Skipf("the mirror cannot be reached: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(p.Name, "linux-image-") || !strings.ContainsAny(p.Name, "0123456789.") || p.Size < 20<<20 {
		t.Errorf("linux-image-amd64 leads to %+v", p)
	}
	if os.Getenv("IMGBUILD_TEST_CACHE") == "" {
		t.Skip("without IMGBUILD_TEST_CACHE no kernel is downloaded")
	}
	tree, err := a.Unpack(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	has := func(prefix string) bool {
		return slices.ContainsFunc(tree.Files, func(e Entry) bool { return strings.HasPrefix(e.Path, prefix) && e.Mode.IsRegular() })
	}
	for _, prefix := range []string{"boot/vmlinuz-", "usr/lib/modules/", "boot/config-"} {
		if !has(prefix) {
			t.Errorf("no %s* in %s", prefix, p.Name)
		}
	}
}

// BenchmarkRealWarm is what a build pays when everything is in the cache.
func BenchmarkRealWarm(b *testing.B) {
	if os.Getenv("IMGBUILD_TEST_CACHE") == "" {
		b.Skip("needs what the tests leave in IMGBUILD_TEST_CACHE")
	}
	a := real(b)
	a.run = func(_ context.Context, c command) ([]byte, error) {
		b.Fatalf("a warm build runs %v", c.Args)
		return nil, nil
	}
	for b.Loop() {
		kernel, err := a.Kernel(b.Context(), "linux-image-amd64")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := a.Unpack(b.Context(), kernel); err != nil {
			b.Fatal(err)
		}
	}
}
