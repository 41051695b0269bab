package gobin

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild"

	"github.com/imgbuild/imgbuild/build/cache"
)

// checkout writes a small module in the place of ours.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"go.mod":             "module " + imgbuild.Module + "\n\ngo 1.26.0\n",
		"uinit/main.go":      "package main\n\nimport \"" + imgbuild.Module + "/internal/spec\"\n\nfunc main() { print(spec.Name) }\n",
		"internal/spec/a.go": "package spec\n\nconst Name = \"one\"\n",
		"cmd/other.go":       "package main\n",
	})
	return dir
}

func output(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.Command(path).CombinedOutput()
	if err != nil {
		t.Fatalf("running %s: %v", path, err)
	}
	return string(out)
}

func TestUinitFollowsItsSource(t *testing.T) {
	b, steps := newBuilder(t)
	b.Checkout = checkout(t)
	sums := map[string]bool{}
	for _, tt := range []struct {
		change   string
		files    map[string]string
		prints   string
		compiled int
	}{
		{"nothing yet", nil, "one", 1},
		{"nothing", nil, "one", 1},
		{"a test", map[string]string{"uinit/main_test.go": "package main\n"}, "one", 1},
		{"another program", map[string]string{"cmd/other.go": "package main // edited\n"}, "one", 1},
		{"an import", map[string]string{"internal/spec/a.go": "package spec\n\nconst Name = \"two\"\n"}, "two", 2},
		{"a new file", map[string]string{"uinit/new.go": "package main\n\nfunc init() { print(\"new \") }\n"}, "new two", 3},
		{"the module", map[string]string{"go.mod": "module " + imgbuild.Module + "\n\ngo 1.26\n"}, "new two", 4},
	} {
		writeFiles(t, b.Checkout, tt.files)
		bin, err := b.Uinit(t.Context())
		if err != nil {
			t.Fatalf("after changing %s: %v", tt.change, err)
		}
		if got := output(t, bin.Path); got != tt.prints || steps.count() != tt.compiled {
			t.Errorf("after changing %s: prints %q after %d compilations, want %q after %d", tt.change, got, steps.count(), tt.prints, tt.compiled)
		}
		sums[bin.SHA256] = true
	}
}

func TestUinitIsTheSameInEveryFolder(t *testing.T) {
	var sums []string
	for range 2 {
		b, _ := newBuilder(t)
		b.Checkout = checkout(t)
		bin, err := b.Uinit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, bin.SHA256)
	}
	if sums[0] != sums[1] {
		t.Errorf("%s and %s", sums[0], sums[1])
	}
}

func TestUinitShowsCompilerLines(t *testing.T) {
	b, _ := newBuilder(t)
	b.Checkout = checkout(t)
	writeFiles(t, b.Checkout, map[string]string{"uinit/bad.go": "package main\n\nvar x int = \"text\"\n"})
	_, err := b.Uinit(t.Context())
	if err == nil || !strings.Contains(err.Error(), "uinit/bad.go:3:13: ") {
		t.Errorf("no position of the mistake in: %v", err)
	}
	writeFiles(t, b.Checkout, map[string]string{"uinit/bad.go": "package main\n"})
	if _, err := b.Uinit(t.Context()); err != nil {
		t.Errorf("a failed compilation sticks: %v", err)
	}
}

// editor is a cache whose user saves a file when compilation starts.
type editor struct {
	Store
	edits []string
	file  string
}

func (e *editor) Entry(ctx context.Context, kind, key string, fill func(context.Context, string) error) (*cache.Entry, error) {
	if kind == "uinit" && len(e.edits) > 0 {
		if err := os.WriteFile(e.file, []byte(e.edits[0]), 0o644); err != nil {
			return nil, err
		}
		e.edits = e.edits[1:]
	}
	return e.Store.Entry(ctx, kind, key, fill)
}

func TestUinitEditedWhileCompiling(t *testing.T) {
	spec := func(name string) string { return "package spec\n\nconst Name = \"" + name + "\"\n" }
	b, steps := newBuilder(t)
	b.Checkout = checkout(t)
	e := &editor{Store: b.Cache, edits: []string{spec("edited")}, file: filepath.Join(b.Checkout, "internal/spec/a.go")}
	b.Cache = e
	bin, err := b.Uinit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := output(t, bin.Path); got != "edited" || steps.count() != 2 {
		t.Errorf("prints %q after %d compilations", got, steps.count())
	}
	// What was compiled from the edited file is not kept for the text before.
	writeFiles(t, b.Checkout, map[string]string{"internal/spec/a.go": spec("one")})
	if bin, err = b.Uinit(t.Context()); err != nil || output(t, bin.Path) != "one" {
		t.Errorf("the old text gives another program: %v", err)
	}
	e.edits = []string{spec("a"), spec("b"), spec("c"), spec("d")}
	writeFiles(t, b.Checkout, map[string]string{"internal/spec/a.go": spec("fresh")})
	if _, err := b.Uinit(t.Context()); !errors.Is(err, errEdited) {
		t.Errorf("edited again and again: %v", err)
	}
}
