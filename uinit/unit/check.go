package unit

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is a unit that can never run, and why.
type Problem struct {
	Unit string
	Err  error
}

// Check finds units of the same name, needs that no unit meets, and cycles; each
// cycle's error names its members. The order is that of the units.
func Check(units []Unit) []Problem {
	var problems []Problem
	bad := func(name, format string, args ...any) {
		problems = append(problems, Problem{name, fmt.Errorf(format, args...)})
	}
	byName := make(map[string]Unit, len(units))
	for _, u := range units {
		if _, twice := byName[u.Name]; twice {
			bad(u.Name, "two units are called %s", u.Name)
		}
		byName[u.Name] = u
	}
	for _, u := range units {
		for _, need := range slices.Concat(u.Needs, u.After) {
			if _, ok := byName[need]; !ok {
				bad(u.Name, "needs %s, which this machine does not have", need)
			}
		}
	}
	cyclic := map[string]bool{}
	for _, u := range units {
		if cyclic[u.Name] {
			continue
		}
		if cycle := findCycle(byName, u.Name); cycle != nil {
			for _, name := range cycle {
				cyclic[name] = true
				bad(name, "needs itself: %s", strings.Join(append(cycle, cycle[0]), " -> "))
			}
		}
	}
	return problems
}

// findCycle returns the members of a cycle through name, in the order of their needs.
func findCycle(byName map[string]Unit, name string) []string {
	seen := map[string]bool{}
	var walk func(at string, path []string) []string
	walk = func(at string, path []string) []string {
		u := byName[at]
		for _, need := range slices.Concat(u.Needs, u.After) {
			if need == name {
				return path
			}
			if seen[need] {
				continue
			}
			seen[need] = true
			if cycle := walk(need, append(slices.Clone(path), need)); cycle != nil {
				return cycle
			}
		}
		return nil
	}
	return walk(name, []string{name})
}
