package check

import (
	"fmt"

	"github.com/imgbuild/imgbuild/internal/fact"
)

// written says how a profile writes a value of a type.
var written = map[fact.Type]string{
	fact.Bool:   "true, false",
	fact.Whole:  "a whole number, such as 3",
	fact.Number: "a number, such as 1.5",
	fact.Text:   `text, such as "ok"`,
	fact.Texts:  `a list of texts, such as ["a", "b"]`,
	fact.Wholes: "a list of whole numbers, such as [0, 1]",
}

// Compare returns what is wrong with how the table compares a fact of that type: what could never come true.
func (c Check) Compare(t fact.Type) (problems []Problem) {
	bad := func(key, format string, args ...any) {
		problems = append(problems, Problem{key, fmt.Sprintf(format, args...)})
	}
	if c.Equals != nil && factLike(c.Equals) && !t.Holds(c.Equals) {
		bad("equals", "%s is not what %s can be, %s; accepted: %s", show(c.Equals), c.Fact, an(t), written[t])
	}
	for _, limit := range []struct {
		key string
		to  *float64
	}{{"at_least", c.AtLeast}, {"at_most", c.AtMost}} {
		if limit.to != nil && t != fact.Whole && t != fact.Number {
			bad(limit.key, "is for numbers, and %s is %s; accepted: %s", c.Fact, an(t), comparisons(t))
		}
	}
	member := t.Member()
	if t == fact.Text {
		member = t
	}
	switch {
	case c.Contains == nil || !factLike(c.Contains):
	case member == "":
		bad("contains", "is for lists and text, and %s is %s; accepted: %s", c.Fact, an(t), comparisons(t))
	case !member.Holds(c.Contains):
		bad("contains", "%s is not what %s can contain, %s; accepted: %s", show(c.Contains), c.Fact, an(member), written[member])
	}
	return problems
}

// comparisons are the keys that compare a fact of a type.
func comparisons(t fact.Type) string {
	switch t {
	case fact.Bool:
		return "equals, matches"
	case fact.Whole, fact.Number:
		return "equals, matches, at_least, at_most"
	}
	return "equals, matches, contains"
}

// an is a type with its article.
func an(t fact.Type) string {
	if t == fact.Bool || t == fact.Text {
		return string(t)
	}
	return "a " + string(t)
}
