package plan

import (
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// blanks end a parameter for the kernel (isspace in lib/cmdline.c).
const blanks = " \t\n\v\f\r"

// check looks at parameters, which the kernel is given as one line of name=value: what would be several of them, or none, is refused.
func check(j problem.Judge, m *spec.Machine) {
	written := map[string]string{}
	for _, name := range graph.Names(m.Module) {
		same := strings.ReplaceAll(name, "-", "_") // as the kernel calls them
		if other, dup := written[same]; dup {
			j.Sure().Of(problem.JoinKey("module", other)).Bad(problem.JoinKey("module", name), "is module.%s already: - and _ are one in modules' names; accepted: one row", other)
		}
		written[same] = name
		table := problem.JoinKey("module", name) + ".parameters"
		for _, parameter := range graph.Names(m.Module[name].Parameters) {
			value, key := m.Module[name].Parameters[parameter], problem.JoinKey(table, parameter)
			if parameter == "" || strings.ContainsAny(parameter, blanks+`="`) {
				j.Sure().Bad(key, "is not a parameter's name; accepted: as modinfo(8) lists them, such as debug")
			}
			if !oneWord(value) {
				j.Bad(key, `%q is not one value; accepted: blanks between double quotes only`, value)
			}
		}
	}
}

// oneWord says whether the kernel takes a value for one: blanks end it outside of quotes (next_arg in lib/cmdline.c).
func oneWord(value string) bool {
	parts := strings.Split(value, `"`)
	for i, part := range parts {
		if i%2 == 0 && strings.ContainsAny(part, blanks) {
			return false
		}
	}
	return len(parts)%2 == 1
}
