package imports

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What the init and the programs beside it say is ASCII: it goes to serial lines, to firmware's screens and into fonts of 256
// signs. So is what they have of the packages that they share with the builder: what is wrong with site.toml, say. What packages
// called plan say reaches the person at the builder. An escape (\u00b5) is for what is looked for.
func TestConsolesGetASCII(t *testing.T) {
	roots := []string{"../../uinit", "../../build/gobin/sshd", "../../build/gobin/sftp-server", "../../build/gobin/metrics", "../../build/gobin/update"}
	shared, err := exec.Command("go", append([]string{"list", "-deps", "-f", "{{.ImportPath}}"}, roots...)...).Output()
	if err != nil {
		t.Fatalf("listing what they import: %v", err)
	}
	for line := range strings.Lines(string(shared)) {
		if name, ours := strings.CutPrefix(strings.TrimSpace(line), module+"internal/"); ours {
			roots = append(roots, "../"+name)
		}
	}
	// A picture, which a browser shows.
	pictures := []string{"../chart/rows.go", "../chart/svg.go"}
	seen := 0
	for _, root := range roots {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "plan" || name != root && strings.HasPrefix(name, "../") && !strings.HasPrefix(name, "../../")):
				return fs.SkipDir
			case slices.Contains(pictures, name) || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
				return nil
			}
			files := token.NewFileSet()
			f, err := parser.ParseFile(files, name, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				literal, ok := n.(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING && literal.Kind != token.CHAR {
					return true
				}
				seen++
				if strings.IndexFunc(literal.Value, func(r rune) bool { return r > 0x7e }) >= 0 {
					t.Errorf("%s: %s is not ASCII, which not every console can show", files.Position(literal.Pos()), literal.Value)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 1000 {
		t.Errorf("only %d literals were looked at", seen)
	}
}
