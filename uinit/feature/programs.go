package feature

import (
	"os"
	"sync/atomic"

	"github.com/imgbuild/imgbuild/internal/cgroup"
)

// Programs is how features start programs.
type Programs struct {
	// Say takes a line that a program, or somebody on its behalf, says.
	Say func(name, line string)
	// Groups are complete after the unit "mounts".
	Groups cgroup.Tree
	// None: a person at the console said that no services are to be started.
	None atomic.Bool
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
		env = append(env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	}
	return env
}
