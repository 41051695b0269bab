package kmod

import (
	"errors"
	"fmt"

	"github.com/imgbuild/imgbuild/internal/problem"
)

// Want asks for a module.
type Want struct {
	// Name of the module, "-" and "_" alike, or an alias without wildcards
	// ("fs-vfat", "crypto-ghash"), which means every module that has it.
	Name string
	// Why is for a person: "driver set server-nic".
	Why string
	// Optional wants are passed over where the kernel has no such module.
	Optional bool
}

// Pick is a module that goes into the image.
type Pick struct {
	*Module
	// Why leads back to a Want: "needed by ptp, needed by e1000e, driver set
	// server-nic".
	Why string
}

// Closure returns the wanted modules and all they need, each once and each after
// what it needs: a valid order to load them. What is built in needs no file and is
// not among them. Soft dependencies, and what a module is known to ask for at run
// time, come along where the kernel has them. The order follows from the order of
// wants alone.
//
// Each wanted module that the kernel lacks adds a *NoModuleError to the error.
func (x *Index) Closure(wants []Want) ([]Pick, error) {
	c := closure{index: x, seen: make([]bool, len(x.Modules))}
	for _, want := range wants {
		found := x.resolve(want.Name)
		if len(found) == 0 && !want.Optional {
			c.errs = append(c.errs, &NoModuleError{Name: want.Name, Why: want.Why, Release: x.Release, Suggest: x.suggest(want.Name)})
		}
		for _, i := range found {
			c.visit(i, want.Why)
		}
	}
	return c.picks, errors.Join(c.errs...)
}

type closure struct {
	index *Index
	seen  []bool
	picks []Pick
	errs  []error
}

func (c *closure) visit(i int, why string) {
	if c.seen[i] {
		return
	}
	c.seen[i] = true
	m := &c.index.Modules[i]
	for _, name := range m.Pre {
		c.visitAll(name, "loaded before "+m.Name+", "+why)
	}
	for _, name := range m.Depends {
		if !c.visitAll(name, "needed by "+m.Name+", "+why) {
			c.errs = append(c.errs, &NoModuleError{Name: name, Why: "needed by " + m.Name + ", " + why, Release: c.index.Release})
		}
	}
	if !m.Builtin {
		c.picks = append(c.picks, Pick{m, why})
	}
	for _, name := range extras[m.Name] {
		c.visitAll(name, "asked for by "+m.Name+" at run time, "+why)
	}
	for _, name := range m.Post {
		c.visitAll(name, "loaded after "+m.Name+", "+why)
	}
}

func (c *closure) visitAll(name, why string) bool {
	found := c.index.resolve(name)
	for _, i := range found {
		c.visit(i, why)
	}
	return len(found) > 0
}

// NoModuleError says that the kernel has no such module, neither as a file nor
// built in.
type NoModuleError struct {
	Name, Why, Release string
	// Suggest is a module with a similar name, or "".
	Suggest string
}

func (e *NoModuleError) Error() string {
	text := fmt.Sprintf("kernel %s has no module %s", e.Release, problem.JoinKey("", e.Name))
	if e.Why != "" {
		text += " (" + e.Why + ")"
	}
	if e.Suggest != "" {
		text += "; did you mean " + e.Suggest + "?"
	}
	return text
}
