package sources

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/suggest"

	"github.com/imgbuild/imgbuild/build/gobin"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// defaultCommands is the word for gobin's default set in image.commands.
const defaultCommands = "default"

// Commands lists the commands of an image, those that features ask for among them, "default" replaced by what it stands for: the names
// that people type, aliases included, and which commands have to be compiled. What a package is asked for takes the place of
// what yields to it, so that is not compiled.
func Commands(p *profile.Profile) (compiled []string, names []plan.Command) {
	asked := map[string]plan.Command{}
	for _, f := range features.All() {
		if f.Commands != nil {
			for _, name := range f.Commands(&p.Machine) {
				asked[name] = plan.Command{}
			}
		}
		if f.Called != nil {
			for _, name := range f.Called(&p.Machine) {
				asked[name] = plan.Command{Yields: true}
			}
		}
	}
	for i, c := range p.Image.Commands {
		if c != defaultCommands {
			asked[c] = plan.Command{Key: problem.JoinIndex("image.commands", i)}
		}
	}
	usual := slices.Index(p.Image.Commands, defaultCommands)
	fromPackage := named(p)
	for _, c := range gobin.Commands() {
		kind, ok := plan.Command{Key: problem.JoinIndex("image.commands", usual), Yields: true}, usual >= 0 && c.Default
		for _, name := range c.Names() {
			if a, named := asked[name]; named {
				kind, ok = a, true
			}
		}
		if !ok {
			continue
		}
		used := false
		for _, name := range c.Names() {
			kind.Name, kind.Program = name, plan.BusyboxName
			if c.Applet() {
				kind.Program = plan.AppletName
			}
			if kind.Yields && plan.OnPath(name, fromPackage) {
				continue
			}
			names, used = append(names, kind), true
		}
		if used && !c.Applet() {
			compiled = append(compiled, c.Name)
		}
	}
	return compiled, names
}

// named says which files packages are asked for by name.
func named(p *profile.Profile) func(file string) bool {
	files := map[string]bool{}
	for _, pkg := range p.Packages {
		for _, f := range pkg.Files {
			files[plan.MergedUsr(f)] = true
		}
	}
	return func(file string) bool { return files[file] }
}

// checkCommands finds commands that do not exist.
func checkCommands(p *profile.Profile) profile.Problems {
	known := []string{defaultCommands}
	for _, c := range gobin.Commands() {
		known = append(known, c.Names()...)
	}
	var problems profile.Problems
	for i, c := range p.Image.Commands {
		if !slices.Contains(known, c) {
			key := fmt.Sprintf("image.commands[%d]", i)
			problems = append(problems, profile.Problem{Pos: p.At(key), Key: key, Msg: fmt.Sprintf("there is no command %q%s; accepted: %s",
				c, suggest.DidYouMean(c, known), strings.Join(known, " "))})
		}
	}
	return problems
}
