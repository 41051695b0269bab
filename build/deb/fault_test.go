package deb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/cache"
)

// tools is a repository with a program, its library and what only a maintainer
// script wants.
func tools(t testing.TB) *repo { return newRepo(t).tools() }

func (r *repo) tools() *repo {
	r.add("tool", "1.0", "Depends: libt, debconf\n", file("./usr/bin/tool", 0o755, elfFile("/lib64/ld.so", "libt.so.1", "")))
	r.add("libt", "1:2.0-1", "Depends: loader\n",
		file("./usr/lib/x86_64-linux-gnu/libt.so.1.0", 0o644, elfFile("", "", "")), link("./usr/lib/x86_64-linux-gnu/libt.so.1", "libt.so.1.0"))
	r.add("loader", "3", "", folder("./lib64/"), link("./lib64/ld.so", "/lib/ld.so"), file("./lib/ld.so", 0o755, elfFile("", "", "")))
	r.add("debconf", "1", "", file("./usr/bin/debconf", 0o755, "#!/usr/bin/perl\n"))
	r.publish()
	return r
}

func versions(pkgs []Package) (list []string) {
	for _, p := range pkgs {
		list = append(list, p.String())
	}
	return list
}

func mustResolve(t *testing.T, h *testHost, names ...string) []Package {
	t.Helper()
	pkgs, err := h.Resolve(t.Context(), names)
	if err != nil {
		t.Fatal(err)
	}
	return pkgs
}

func TestFromNameToFiles(t *testing.T) {
	h := tools(t).host(nil)
	pkgs := mustResolve(t, h, "tool")
	if got, want := versions(pkgs), []string{"libt=1:2.0-1", "loader=3", "tool=1.0"}; !slices.Equal(got, want) {
		t.Fatalf("resolved %v, want %v", got, want)
	}
	var trees []Tree
	for _, p := range pkgs {
		tree, err := h.Unpack(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, tree)
	}
	picks, err := Closure(trees, []string{"/bin/tool"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range picks {
		got = append(got, p.Package+": "+p.Path+": "+p.Why)
		if _, err := os.Stat(p.Host); p.Entry.Link == "" && err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"tool: usr/bin/tool: wanted as /bin/tool",
		"loader: usr/lib/ld.so: needed by /usr/bin/tool",
		"libt: usr/lib/x86_64-linux-gnu/libt.so.1: needed by /usr/bin/tool",
		"libt: usr/lib/x86_64-linux-gnu/libt.so.1.0: needed by /usr/bin/tool",
		"loader: usr/lib64/ld.so: needed by /usr/bin/tool",
	}
	if !slices.Equal(got, want) {
		t.Errorf("picked\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	// Once more, as the next build does it.
	h.did()
	for _, p := range mustResolve(t, h, "tool") {
		if _, err := h.Unpack(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if did := h.did(); len(did) != 0 {
		t.Errorf("a warm build runs %v", did)
	}
}

func TestUnknownPackages(t *testing.T) {
	h := tools(t).host(nil)
	_, err := h.Resolve(t.Context(), []string{"tol", "libt"})
	var none *NoPackageError
	if !errors.As(err, &none) || none.Name != "tol" || !slices.Equal(none.Suggest, []string{"tool"}) {
		t.Errorf("error %v", err)
	}
	// To apt-get this is a regular expression that finds libt, which is there.
	if _, err = h.Resolve(t.Context(), []string{"l.bt"}); !errors.As(err, &none) || none.Name != "l.bt" {
		t.Errorf("error %v", err)
	}
	if _, err = h.Kernel(t.Context(), "linux-image-none"); !errors.As(err, &none) || none.Name != "linux-image-none" {
		t.Errorf("error %v", err)
	}
	for _, name := range []string{"tool-", "-f", "a b", "Tool", ""} {
		h.did()
		if _, err := h.Resolve(t.Context(), []string{name}); err == nil || len(h.did()) != 0 {
			t.Errorf("%q reached apt: %v", name, err)
		}
	}
}

func TestWhatIsAskedForByNameIsNotStoodInFor(t *testing.T) {
	h := tools(t).host(nil)
	if got := versions(mustResolve(t, h, "debconf")); !slices.Equal(got, []string{"debconf=1"}) {
		t.Errorf("resolved %v", got)
	}
}

func TestKernelBehindMetapackages(t *testing.T) {
	r := newRepo(t)
	r.add("linux-image-amd64", "6.1+2", "Depends: linux-image-6.1.0-2-amd64 (= 6.1-2)\n")
	r.add("linux-image-6.1.0-2-amd64", "6.1-2", "Depends: kmod, linux-base (>= 4), initramfs-tools | dracut\n", file("./boot/vmlinuz-6.1.0-2-amd64", 0o644, "k"))
	r.publish()
	h := r.host(nil)
	p, err := h.Kernel(t.Context(), "linux-image-amd64")
	if err != nil || p.String() != "linux-image-6.1.0-2-amd64=6.1-2" || p.File != "linux-image-6.1.0-2-amd64_6.1-2_amd64.deb" {
		t.Fatalf("%+v, %v", p, err)
	}
	tree, err := h.Unpack(t.Context(), p)
	if err != nil || len(tree.Files) != 1 || tree.Files[0].Path != "boot/vmlinuz-6.1.0-2-amd64" {
		t.Errorf("%+v, %v", tree.Files, err)
	}
}

func TestVersionGoneFromMirror(t *testing.T) {
	r := tools(t)
	h := r.host(nil)
	pinned := mustResolve(t, h, "loader")
	r.remove("loader", "3")
	r.add("loader", "4", "", file("./lib/ld.so", 0o755, "newer"))
	r.publish()
	err := r.host(h.cache).Fetch(t.Context(), pinned)
	var gone *GoneError
	if !errors.As(err, &gone) || gone.Package.Version != "3" || gone.Available != "4" {
		t.Fatalf("error %v", err)
	}
	h.clock = h.clock.Add(time.Minute)
	if got := versions(mustResolve(t, h, "loader")); !slices.Equal(got, []string{"loader=4"}) {
		t.Errorf("then it resolves %v", got)
	}
	r.remove("loader", "4")
	again := r.host(h.cache)
	if err := again.Fetch(t.Context(), pinned); !errors.As(err, &gone) || gone.Available != "" {
		t.Errorf("error %v", err)
	}
}

func TestMirrorMovedOn(t *testing.T) {
	r := tools(t)
	h := r.host(nil)
	mustResolve(t, h, "tool") // lists of now
	r.add("late", "1", "", file("./late", 0o644, "x"))
	r.publish()
	pinned := mustResolve(t, r.host(nil), "late")
	if err := r.host(h.cache).Fetch(t.Context(), pinned); err != nil {
		t.Errorf("with lists older than the pin: %v", err)
	}
}

func TestMirrorWithOtherBytes(t *testing.T) {
	r := tools(t)
	h := r.host(nil)
	pinned := mustResolve(t, h, "loader")
	var bad *HashError

	// The same version, built anew: the index has another hash.
	r.add("loader", "3", "", file("./lib/ld.so", 0o755, "rebuilt"))
	r.publish()
	if err := r.host(nil).Fetch(t.Context(), pinned); !errors.As(err, &bad) || bad.Package != pinned[0] {
		t.Errorf("error %v", err)
	}

	// The index says what we want, the file is another.
	r = another(t).tools()
	h = r.host(nil)
	pinned = mustResolve(t, h, "loader")
	path := filepath.Join(r.dir, pinned[0].File)
	if err := os.WriteFile(path, make([]byte, pinned[0].Size), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := h.Fetch(t.Context(), pinned); err == nil {
		t.Error("a wrong file was taken")
	}
	if _, ok, _ := h.deb(t.Context(), pinned[0]); ok {
		t.Error("a wrong file is in the cache")
	}
}

func TestNewSourcesAreAskedAtOnce(t *testing.T) {
	r := tools(t)
	h := r.host(nil)
	mustResolve(t, h, "loader")
	other := another(t).tools()
	other.add("loader", "9", "", file("./lib/ld.so", 0o755, "x"))
	other.publish()
	next := other.host(h.cache)
	if got := versions(mustResolve(t, next, "loader")); !slices.Equal(got, []string{"loader=9"}) {
		t.Errorf("resolved %v", got)
	}
}

func TestInterruptedFetch(t *testing.T) {
	h := tools(t).host(nil)
	pkgs := mustResolve(t, h, "tool")
	why := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	run := h.run
	h.run = func(ctx context.Context, c command) ([]byte, error) {
		if c.Args[0] == "apt-get" {
			cancel(why)
		}
		return run(ctx, c)
	}
	if err := h.Fetch(ctx, pkgs); !errors.Is(err, why) {
		t.Errorf("error %v", err)
	}
	h.run = run
	if err := h.Fetch(t.Context(), pkgs); err != nil {
		t.Errorf("the next fetch: %v", err)
	}
}

// TestTwoBuildsAtOnce lets two builds with one empty cache want the same.
func TestTwoBuildsAtOnce(t *testing.T) {
	r := tools(t)
	first := r.host(nil)
	other, err := cache.Open(first.cache.Dir())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	hosts := []*testHost{first, r.host(other)}
	var wg sync.WaitGroup
	for _, h := range hosts {
		wg.Go(func() {
			pkgs, err := h.Resolve(t.Context(), []string{"tool"})
			if err == nil {
				err = h.Fetch(t.Context(), pkgs)
			}
			for _, p := range pkgs {
				wg.Go(func() {
					if tree, err := h.Unpack(t.Context(), p); err != nil || len(tree.Files) == 0 {
						t.Errorf("%s: %d files, %v", p.Name, len(tree.Files), err)
					}
				})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	count := map[string]int{}
	for _, h := range hosts {
		for _, c := range h.did() {
			count[c]++
		}
	}
	if count["apt-get update"] != 1 || count["apt-get download"] != 1 {
		t.Errorf("ran %v", count)
	}
}

func TestFetchOfWhatALockSays(t *testing.T) {
	h := tools(t).host(nil)
	pinned := mustResolve(t, h, "libt")
	for i := range pinned {
		pinned[i].File = "" // not part of a lock
	}
	if err := h.Fetch(t.Context(), pinned); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Package){
		"name":    func(p *Package) { p.Name = "../" + p.Name },
		"option":  func(p *Package) { p.Name = "-o" },
		"version": func(p *Package) { p.Version = "" },
		"hash":    func(p *Package) { p.SHA256 = p.SHA256[:40] },
		"arch":    func(p *Package) { p.Arch = "a/b" },
	} {
		bad := pinned[0]
		spoil(&bad)
		h.did()
		if err := h.Fetch(t.Context(), []Package{bad}); err == nil || len(h.did()) != 0 {
			t.Errorf("%s: %+v reached apt: %v", name, bad, err)
		}
	}
}
