package ci

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// boots are the tests of qemu-tests, as the go command knows them (go help testfunc).
func boots(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("../../qemu-tests/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || f.Name.Name == "TestMain" {
				continue
			}
			for _, kind := range []string{"Test", "Fuzz", "Example"} {
				rest, ok := strings.CutPrefix(f.Name.Name, kind)
				if r, _ := utf8.DecodeRuneInString(rest); ok && !unicode.IsLower(r) {
					names = append(names, "./qemu-tests "+f.Name.Name)
				}
			}
		}
	}
	return names
}

// However many shares there are, each package and each test that boots is in one of them, and in one only.
func TestShards(t *testing.T) {
	want := boots(t)
	out, err := exec.Command("go", "list", "github.com/imgbuild/imgbuild/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range strings.Fields(string(out)) {
		if !strings.HasSuffix(pkg, "/qemu-tests") {
			want = append(want, pkg)
		}
	}
	slices.Sort(want)
	if len(want) < 100 {
		t.Fatalf("there are but %d: %q", len(want), want)
	}
	for _, total := range []int{1, 7} {
		out, err := exec.Command("../../.ci/shard", "--list", fmt.Sprint(total)).Output()
		if err != nil {
			t.Fatalf("%d shares: %v", total, err)
		}
		var got []string
		sizes := map[string]int{}
		for line := range strings.Lines(string(out)) {
			index, what, _ := strings.Cut(strings.TrimSpace(line), " ")
			got = append(got, what)
			sizes[index]++
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("in %d shares there are\n%s\nwant\n%s", total, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for index := range total {
			if n := sizes[fmt.Sprint(index)]; n < len(want)/total-1 {
				t.Errorf("share %d of %d has %d of %d", index, total, n, len(want))
			}
		}
		if len(sizes) != total {
			t.Errorf("there are the shares %v, want %d", sizes, total)
		}
	}
}

// What is no share is refused before anything runs.
func TestNoShard(t *testing.T) {
	for _, args := range [][]string{{}, {"0"}, {"1", "1"}, {"-1", "2"}, {"2", "2"}, {"0", "0"}, {"a", "2"}, {"0", "2", "3"}, {"--list"}, {"--list", "0"}} {
		err := exec.Command("../../.ci/shard", args...).Run()
		if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 2 {
			t.Errorf(".ci/shard %q: %v, want status 2", args, err)
		}
	}
}

// The nightly run takes its shares from its own matrix, and "make test-full" is all of them: neither says how many there are, or
// which tests, a second time.
func TestWhoShards(t *testing.T) {
	for file, want := range map[string]string{
		".github/workflows/nightly.yml": "- run: .ci/shard ${{ strategy.job-index }} ${{ strategy.job-total }}\n",
		"Makefile":                      "\n\t.ci/shard 0 1\n",
	} {
		text, err := os.ReadFile("../../" + file)
		if err != nil || strings.Count(string(text), ".ci/shard ") != 1 || !strings.Contains(string(text), want) {
			t.Errorf("%s does not run %q, and that alone: %v", file, want, err)
		}
	}
}
