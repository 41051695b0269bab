package feature

import (
	"os"
	"slices"
	"sync/atomic"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/beside"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Programs is how features start programs.
type Programs struct {
	// Say takes a line that a program, or somebody on its behalf, says.
	Say func(name, line string)
	// Groups are complete after the unit "mounts".
	Groups cgroup.Tree
	// None: a person at the console said that no services are to be started.
	None atomic.Bool

	beside map[string]*beside.Program
}

// AddBeside has the service of a name run without rights, beside the init, with what it is handed. A feature says so when
// it is made.
func (p *Programs) AddBeside(name string, program *beside.Program) {
	if p.beside == nil {
		p.beside = map[string]*beside.Program{}
	}
	p.beside[name] = program
}

// Beside is the program of that name, and its place among all of them, which stays the same as long as the init runs; nil:
// it is none.
func (p *Programs) Beside(name string) (program *beside.Program, place int) {
	if program = p.beside[name]; program == nil {
		return nil, 0
	}
	return program, slices.Index(graph.Names(p.beside), name)
}

// Group makes a control group for a program. What its limits lack is said among the program's own lines.
func (p *Programs) Group(name, path string, usual, given cgroup.Limits) string {
	dir, err := p.Groups.Add(path, usual, given)
	if err != nil {
		p.Say(name, "uinit: "+err.Error())
	}
	return dir
}

// Environment is what every program starts with: the kernel's own variables and a search path.
func Environment() []string {
	env := os.Environ()
	if os.Getenv("PATH") == "" {
		env = append(env, "PATH="+spec.SearchPath)
	}
	return env
}
