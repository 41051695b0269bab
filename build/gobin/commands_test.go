package gobin

import (
	"errors"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestCommandsAreMainPackagesOfTheirName(t *testing.T) {
	var paths []string
	for _, c := range Commands() {
		if !c.Applet() {
			paths = append(paths, c.Package)
		}
	}
	cmd := exec.Command("go", append([]string{"list", "-f", "{{.ImportPath}} {{.Name}}"}, paths...)...)
	cmd.Env = append(os.Environ(), shape...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing the commands: %v", err)
	}
	listed := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, p := range paths {
		if !slices.Contains(listed, p+" main") {
			t.Errorf("%s is not a main package", p)
		}
	}
}

func TestToolsFileNamesEveryCommand(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "tools.go", nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, i := range f.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		have = append(have, p)
	}
	want := []string{registry}
	for _, c := range Commands() {
		if !c.Applet() && !strings.HasPrefix(c.Package, ownRoot) {
			want = append(want, c.Package)
		}
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("tools.go imports\n%q\ncommands.txt wants\n%q", have, want)
	}
}

func TestCommandNamesAreUnique(t *testing.T) {
	seen := map[string]string{}
	for _, c := range Commands() {
		if c.Doc == "" {
			t.Errorf("%s has no description", c.Name)
		}
		for _, name := range append(slices.Clone(c.Aliases), c.Name) {
			if other := seen[name]; other != "" {
				t.Errorf("%s and %s are both called %s", other, c.Package, name)
			}
			seen[name] = c.Package
		}
	}
}

func TestResolve(t *testing.T) {
	tests := []struct {
		names   []string
		want    []string
		unknown string
	}{
		{names: nil, want: nil},
		{names: []string{"pwd", "echo", "pwd"}, want: []string{"echo", "pwd"}},
		{names: []string{"lspci", "pci", "cat"}, unknown: "cat"}, // which is not ours
		{names: []string{"lspci", "pwd", "pci"}, want: []string{"pci", "pwd"}},
		{names: []string{"pwd", "vi"}, unknown: "vi"},
		{names: []string{""}, unknown: ""},
	}
	for _, tt := range tests {
		got, err := resolve(tt.names)
		var unknown *UnknownCommandError
		if errors.As(err, &unknown) {
			if unknown.Name != tt.unknown || tt.want != nil {
				t.Errorf("resolve(%q): %v", tt.names, err)
			}
			continue
		}
		var names []string
		for _, c := range got {
			names = append(names, c.Name)
		}
		if !slices.Equal(names, tt.want) {
			t.Errorf("resolve(%q) = %q, want %q", tt.names, names, tt.want)
		}
	}
}

func TestAppletsAreNotCompiled(t *testing.T) {
	applets := 0
	for _, c := range Commands() {
		if c.Default && c.Applet() {
			applets++
			if _, err := resolve([]string{c.Name}); err == nil {
				t.Errorf("%s would be compiled, and it is an applet", c.Name)
			}
		}
	}
	if applets == 0 {
		t.Error("no command is an applet")
	}
}
