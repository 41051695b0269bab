package lock

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var sample = Lock{
	Requested: []string{"linux-image-amd64", "nftables"},
	Go:        "go1.26.8",
	Package: []Package{
		{Name: "libc6", Version: "2.36-9", Arch: "amd64", SHA256: strings.Repeat("a1", 32), Size: 100},
		{Name: "nftables", Version: "1.0.6-2", Arch: "amd64", SHA256: strings.Repeat("b2", 32), Size: 200},
	},
	Module: []Module{{Path: "golang.org/x/sys", Version: "v0.49.0", Sum: "h1:x"}},
	Image:  []Image{{Reference: "oci://a.example/b:1", Digest: "sha256:" + strings.Repeat("e5", 32)}},
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "box.lock")
	if got, err := Read(path); got != nil || err != nil {
		t.Fatalf("no file: %v, %v", got, err)
	}
	if err := sample.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil || !reflect.DeepEqual(*got, sample) {
		t.Errorf("got %+v, %v", got, err)
	}
	if d := got.Diff(&sample); len(d) > 0 {
		t.Errorf("a lock differs from itself: %v", d)
	}
}

func TestCovers(t *testing.T) {
	if !sample.Covers([]string{"nftables", "linux-image-amd64", "nftables"}) || sample.Covers([]string{"nftables"}) {
		t.Error("order and repetition must not matter, names must")
	}
	if (*Lock)(nil).Covers(nil) {
		t.Error("no lock covers nothing")
	}
}

func TestDiffNamesEveryChange(t *testing.T) {
	now := sample
	now.Go = "go1.27"
	now.Package = []Package{{Name: "nftables", Version: "1.0.6-3", SHA256: strings.Repeat("c3", 32)}, {Name: "zlib", Version: "1", SHA256: strings.Repeat("d4", 32)}}
	now.Image = []Image{{Reference: "oci://a.example/b:1", Digest: "sha256:" + strings.Repeat("f6", 32)}, {Reference: "web.tar", Digest: "sha256:" + strings.Repeat("07", 32)}}
	want := []string{
		"go toolchain: go1.26.8 → go1.27",
		"package libc6: gone, was 2.36-9 a1a1a1a1a1a1",
		"package nftables: 1.0.6-2 b2b2b2b2b2b2 → 1.0.6-3 c3c3c3c3c3c3",
		"package zlib: new, 1 d4d4d4d4d4d4",
		"image oci://a.example/b:1: sha256:e5e5e5e5e5e5 → sha256:f6f6f6f6f6f6",
		"image web.tar: new, sha256:070707070707",
	}
	if got := sample.Diff(&now); !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestDamagedLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "box.lock")
	for text, want := range map[string]string{
		"[[package]]\nname = \"nft\"\nversion = \"1\"\nsha256 = \"short\"\n": `package "nft" lacks a version or a SHA-256`,
		"surprise = 1\n":   "unknown key surprise",
		"requested = [\n":  "box.lock",
		"requested = 12\n": "box.lock",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"imgbuild lock" writes it anew`) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// Whatever of a lock changed is named, the kernel that is a file too.
func TestEveryFieldThatChangesIsNamed(t *testing.T) {
	a, b := strings.Repeat("a1", 32), strings.Repeat("a1", 5)+strings.Repeat("b2", 27)
	for name, tt := range map[string]struct {
		from, to Lock
		want     []string
	}{
		"another kernel image":  {Lock{Kernel: a}, Lock{Kernel: b}, []string{"kernel image: a1a1a1a1a1a1 → a1a1a1a1a1b2"}},
		"a kernel from a file":  {Lock{}, Lock{Kernel: "abc"}, []string{"kernel image: new, abc"}},
		"a kernel of a package": {Lock{Kernel: a, Go: "go1"}, Lock{Go: "go1"}, []string{"kernel image: gone, was a1a1a1a1a1a1"}},
		"a package of the same version": {Lock{Package: []Package{{Name: "nft", Version: "1", SHA256: a}}}, Lock{Package: []Package{{Name: "nft", Version: "1", SHA256: b}}},
			[]string{"package nft: 1 a1a1a1a1a1a1 → 1 a1a1a1a1a1b2"}},
		"a tool":                    {Lock{Tool: []Package{{Name: "xz", Version: "1"}}}, Lock{Tool: []Package{{Name: "xz", Version: "2"}}}, []string{"tool xz: 1  → 2 "}},
		"a module's sum":            {Lock{Module: []Module{{"m", "v1", "h1:x"}}}, Lock{Module: []Module{{"m", "v1", "h1:y"}}}, []string{"module m: v1 h1:x → v1 h1:y"}},
		"a module without a sum":    {Lock{Module: []Module{{"m", "v1", ""}}}, Lock{Module: []Module{{"m", "v2", ""}}}, []string{"module m: v1 → v2"}},
		"names come in their order": {Lock{Module: []Module{{"n", "v1", ""}}}, Lock{Module: []Module{{"m", "v1", ""}, {"o", "v1", ""}}}, []string{"module m: new, v1", "module n: gone, was v1", "module o: new, v1"}},
	} {
		if got := tt.from.Diff(&tt.to); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestHasTools(t *testing.T) {
	l := &Lock{Tools: []string{"grub", "mtools"}}
	for names, want := range map[string]bool{"": true, "grub": true, "mtools grub": true, "grub xz": false, "xz": false} {
		if got := l.HasTools(strings.Fields(names)); got != want {
			t.Errorf("%q: %v", names, got)
		}
	}
	if (*Lock)(nil).HasTools(nil) {
		t.Error("no lock pins nothing")
	}
}

// A package that could be another when it is fetched again is no pin.
func TestPinsAreWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "box.lock")
	good := Package{Name: "nft", Version: "1", SHA256: strings.Repeat("09af", 16)}
	for want, edit := range map[string]func(*Package){
		"":                        func(*Package) {},
		"lacks a version or a S":  func(p *Package) { p.Version = "" },
		"lacks a version or a SH": func(p *Package) { p.SHA256 = strings.Repeat("09AF", 16) },
		`package ""`:              func(p *Package) { p.Name = "" },
		`package "nft" lacks`:     func(p *Package) { p.SHA256 += "0" },
	} {
		for _, tool := range []bool{false, true} {
			p := good
			edit(&p)
			l := Lock{Package: []Package{good, p}}
			if tool {
				l = Lock{Package: []Package{good}, Tool: []Package{p}}
			}
			if err := l.Write(path); err != nil {
				t.Fatal(err)
			}
			if _, err := Read(path); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%+v, a tool: %v: %v, want %q", p, tool, err, want)
			}
		}
	}
}

// It lies beside the profile, for everybody who may read that, and says whose work it is.
func TestWhatIsWritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "box.lock")
	if err := sample.Write(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if text, err := os.ReadFile(path); !strings.HasPrefix(string(text), header+"requested = [") {
		t.Errorf("%s, %v", text, err)
	}
	if err := sample.Write(filepath.Join(path, "below")); err == nil {
		t.Error("written below a file")
	}
	if _, err := Read(filepath.Join(path, "below")); err == nil {
		t.Error("read below a file")
	}
}

func TestPinned(t *testing.T) {
	if got := sample.Pinned("oci://a.example/b:1"); got != sample.Image[0].Digest {
		t.Errorf("pinned is %q", got)
	}
	if sample.Pinned("oci://a.example/b:2") != "" || (*Lock)(nil).Pinned("web.tar") != "" {
		t.Error("what is not locked is pinned")
	}
}

// A row without a digest pins nothing, and is no lock.
func TestImagesWithoutADigest(t *testing.T) {
	for _, row := range []string{`reference = "a"`, "reference = \"a\"\ndigest = \"sha256:12\"", `digest = "sha256:` + strings.Repeat("0", 64) + `"`, "reference = \"a\"\ndigest = \"sha256:" + strings.Repeat("G", 64) + `"`} {
		path := filepath.Join(t.TempDir(), "box.lock")
		if err := os.WriteFile(path, []byte("requested = []\ngo = \"go1.26.8\"\n[[image]]\n"+row+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "lacks a digest") {
			t.Errorf("%s: %v", row, err)
		}
	}
}
