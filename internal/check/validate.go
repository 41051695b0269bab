package check

import (
	"fmt"
	"strings"
)

// Problem is a mistake in a check's table.
type Problem struct {
	// Key within the table; empty where the table as a whole is wrong.
	Key string
	Msg string
}

// Kinds of checks, named by the key that makes one.
const (
	kindConsole = "console"
	kindUnit    = "unit"
	kindFact    = "fact"
	kindCommand = "command"
)

// owner says which kind of check a key belongs to.
var owner = []struct {
	key, kind string
	given     func(Check) bool
}{
	{"expect", kindConsole, func(c Check) bool { return c.Expect != "" }},
	{"send", kindConsole, func(c Check) bool { return c.Send != "" }},
	{"outcome", kindUnit, func(c Check) bool { return c.Outcome != "" }},
	{"equals", kindFact, func(c Check) bool { return c.Equals != nil }},
	{"matches", kindFact, func(c Check) bool { return c.Matches != "" }},
	{"at_least", kindFact, func(c Check) bool { return c.AtLeast != nil }},
	{"at_most", kindFact, func(c Check) bool { return c.AtMost != nil }},
	{"contains", kindFact, func(c Check) bool { return c.Contains != nil }},
	{"exit", kindCommand, func(c Check) bool { return c.Exit != 0 }},
	{"output", kindCommand, func(c Check) bool { return c.Output != "" }},
}

func (c Check) kinds() (kinds []string) {
	for _, k := range []struct {
		kind  string
		given bool
	}{{kindConsole, c.Console != ""}, {kindUnit, c.Unit != ""}, {kindFact, c.Fact != ""}, {kindCommand, len(c.Command) > 0}} {
		if k.given {
			kinds = append(kinds, k.kind)
		}
	}
	return kinds
}

// Validate returns what is wrong with the table in itself. References to other
// tables are the profile's to check.
func (c Check) Validate() []Problem {
	kinds := c.kinds()
	switch len(kinds) {
	case 0:
		return []Problem{{"", "proves nothing: it needs one of console, unit, fact, command"}}
	case 1:
	default:
		return []Problem{{kinds[1], fmt.Sprintf("has both %s; accepted: exactly one of console, unit, fact, command, the others in checks of their own", strings.Join(kinds, " and "))}}
	}
	var problems []Problem
	bad := func(key, format string, args ...any) {
		problems = append(problems, Problem{key, fmt.Sprintf(format, args...)})
	}
	for _, o := range owner {
		if o.given(c) && o.kind != kinds[0] {
			bad(o.key, "goes with %s, this check has %s", o.kind, kinds[0])
		}
	}
	if c.Console != "" && c.Expect == "" && c.Send == "" {
		bad("console", "needs expect, send or both beside it")
	}
	if c.Console != "" && c.OnBox {
		bad("on_box", "is for what the box can ask itself, and this check is of a console; accepted: in a check of a unit, a fact or a command")
	}
	if c.Exit < 0 || c.Exit > 255 {
		bad("exit", "is %d; accepted: 0 to 255", c.Exit)
	}
	if c.AtLeast != nil && c.AtMost != nil && *c.AtLeast > *c.AtMost {
		bad("at_most", "is %g, less than at_least %g: no number is both", *c.AtMost, *c.AtLeast)
	}
	for _, v := range []struct{ key, text string }{{"expect", string(c.Expect)}, {"send", c.Send}} {
		for _, ref := range variable.FindAllString(v.text, -1) {
			if name := ref[2 : len(ref)-1]; name != PasswordVar {
				bad(v.key, "has an unknown variable %s; accepted: ${%s}", ref, PasswordVar)
			}
		}
	}
	if c.Equals != nil && !factLike(c.Equals) {
		bad("equals", "is a table or date; accepted: a string, number, boolean or a list of these")
	}
	if c.Contains != nil && !factLike(c.Contains) {
		bad("contains", "is a table or date; accepted: a string, number or boolean")
	}
	return problems
}

// factLike says whether a fact can have such a value.
func factLike(v any) bool {
	switch v := v.(type) {
	case string, bool, int, int64, float64:
		return true
	case []any:
		for _, member := range v {
			if !factLike(member) {
				return false
			}
		}
		return true
	}
	return false
}
