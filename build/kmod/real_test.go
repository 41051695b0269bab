package kmod_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// realTree is the generic kernel's package, unpacked as for a build: the folder that holds lib/modules. IMGBUILD_KERNEL_TREE names
// another one.
func realTree(t testing.TB) (string, *kmod.Index) {
	t.Helper()
	dir := os.Getenv("IMGBUILD_KERNEL_TREE")
	if dir == "" {
		dir = fetched(t)
	}
	releases, err := fs.Glob(os.DirFS(dir), "lib/modules/*")
	if len(releases) == 0 && err == nil {
		releases, err = fs.Glob(os.DirFS(dir), "usr/lib/modules/*")
	}
	if err != nil || len(releases) == 0 {
		t.Fatalf("no kernel in %s: %v", dir, err)
	}
	x, err := kmod.Scan(os.DirFS(dir), path.Base(releases[0]))
	if err != nil {
		t.Fatal(err)
	}
	return dir, x
}

func fetched(t testing.TB) string {
	t.Helper()
	if os.Getenv("IMGBUILD_TEST_FULL") == "" {
		t.Skip("it looks at each of 4,000 modules: make test-full runs it")
	}
	c, err := cache.Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	apt := deb.New(c, progress.Discard)
	p, err := apt.Kernel(t.Context(), "linux-image-amd64")
	if err != nil {
		t.Skipf("no mirror: %v", err)
	}
	tree, err := apt.Unpack(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(tree.Dir, "root", "usr")
}

func BenchmarkScan(b *testing.B) {
	dir, x := realTree(b)
	for b.Loop() {
		if _, err := kmod.Scan(os.DirFS(dir), x.Release); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	_, x := realTree(b)
	text, _ := x.MarshalText()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		var y kmod.Index
		if err := y.UnmarshalText(text); err != nil {
			b.Fatal(err)
		}
	}
}

// TestDepmodAgrees compares the tables of a whole kernel with those of depmod(8).
func TestDepmodAgrees(t *testing.T) {
	dir, x := realTree(t)
	tool := needed.Program(t, "depmod")
	// -n prints the tables in place of writing them.
	out, err := exec.Command(tool, "-n", "-b", dir, x.Release).Output()
	if err != nil {
		t.Fatal(err)
	}
	var wants []kmod.Want
	for _, m := range x.Modules {
		wants = append(wants, kmod.Want{Name: m.Name})
	}
	picks, err := x.Closure(wants)
	if err != nil {
		t.Fatal(err)
	}
	tables := x.Tables(picks)
	ours := slices.Concat(tables["modules.dep"], tables["modules.alias"], tables["modules.softdep"])
	got, want := facts(ours), facts(out)
	if len(want) < 1000 {
		t.Fatalf("depmod says %d things", len(want))
	}
	for fact := range want {
		if !got[fact] {
			t.Errorf("only depmod says %s", fact)
		}
	}
	for fact := range got {
		if !want[fact] {
			t.Errorf("depmod does not say %s", fact)
		}
	}
	loadable(t, tables["modules.dep"])
}

// facts are a table's lines, dependencies sorted.
func facts(tables []byte) map[string]bool {
	facts := map[string]bool{}
	for line := range strings.Lines(string(tables)) {
		line = strings.TrimSpace(line)
		switch kind, _, _ := strings.Cut(line, " "); {
		case strings.HasPrefix(line, "kernel/") && strings.Contains(line, ":"):
			file, deps, _ := strings.Cut(line, ":")
			sorted := slices.Sorted(slices.Values(strings.Fields(deps)))
			facts[file+": "+strings.Join(sorted, " ")] = true
		// depmod lists the symbols that modules export as aliases too: modprobe needs none.
		case kind == "alias" && !strings.HasPrefix(line, "alias symbol:"):
			facts[line] = true
		case kind == "softdep":
			// Word by word: depmod has a line for each MODULE_SOFTDEP, of which
			// modprobe takes the first; words before any label mean nothing.
			label := ""
			for _, word := range strings.Fields(line)[2:] {
				if strings.HasSuffix(word, ":") {
					label = word
				} else if label != "" {
					facts["softdep "+strings.Fields(line)[1]+" "+label+" "+word] = true
				}
			}
		}
	}
	return facts
}

// loadable checks that each line of modules.dep, read from its end, names a module
// after all that it needs.
func loadable(t *testing.T, dep []byte) {
	needs := map[string][]string{}
	for line := range strings.Lines(string(dep)) {
		file, deps, _ := strings.Cut(strings.TrimSpace(line), ":")
		needs[file] = strings.Fields(deps)
	}
	for file, deps := range needs {
		loaded := map[string]bool{}
		for _, d := range slices.Backward(deps) {
			for _, need := range needs[d] {
				if !loaded[need] {
					t.Errorf("%s: %s is loaded before %s", file, d, need)
				}
			}
			loaded[d] = true
		}
	}
}

// TestHeadlessFits holds the default drivers of the generic kernel to their budget:
// 5 MB of a headless image's 12.
func TestHeadlessFits(t *testing.T) {
	dir, x := realTree(t)
	var wants []kmod.Want
	for _, name := range []string{"virtio", "server-nic", "ahci", "nvme", "scsi", "usb"} {
		w, err := kmod.SetWants(name)
		if err != nil {
			t.Fatal(err)
		}
		wants = append(wants, w...)
	}
	if raw, packed, n := pack(t, dir, x, wants); packed > 5e6 {
		t.Errorf("%d modules of %.1f MB come to %.1f MB", n, float64(raw)/1e6, float64(packed)/1e6)
	}
}
