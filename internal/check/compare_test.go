package check

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/fact"
)

// A comparison that could never come true is told before anything boots.
func TestCompareTypes(t *testing.T) {
	limit := 1.0
	list := func(members ...any) []any { return members }
	for _, tt := range []struct {
		check Check
		t     fact.Type
		want  string
	}{
		{Check{}, fact.Bool, ""},
		{Check{Equals: true}, fact.Bool, ""},
		{Check{Equals: "true"}, fact.Bool, `equals "true" is not what x can be, true or false; accepted: true, false`},
		{Check{Equals: int64(1)}, fact.Text, `equals 1 is not what x can be, text; accepted: text, such as "ok"`},
		{Check{Equals: "ok"}, fact.Text, ""},
		{Check{Equals: int64(3)}, fact.Whole, ""},
		{Check{Equals: 1.5}, fact.Whole, "equals 1.5 is not what x can be, a whole number; accepted: a whole number, such as 3"},
		{Check{Equals: int64(3)}, fact.Number, ""},
		{Check{Equals: list("a")}, fact.Texts, ""},
		{Check{Equals: list()}, fact.Texts, ""},
		{Check{Equals: "a"}, fact.Texts, `equals "a" is not what x can be, a list of texts; accepted: a list of texts, such as ["a", "b"]`},
		{Check{Equals: list("a")}, fact.Wholes, `equals ["a"] is not what x can be, a list of whole numbers; accepted: a list of whole numbers, such as [0, 1]`},
		{Check{Equals: map[string]any{}}, fact.Bool, ""}, // told by Validate
		{Check{Matches: "1"}, fact.Whole, ""},
		{Check{AtLeast: &limit, AtMost: &limit}, fact.Number, ""},
		{Check{AtLeast: &limit}, fact.Text, "at_least is for numbers, and x is text; accepted: equals, matches, contains"},
		{Check{AtMost: &limit}, fact.Bool, "at_most is for numbers, and x is true or false; accepted: equals, matches"},
		{Check{Contains: "a"}, fact.Texts, ""},
		{Check{Contains: "a"}, fact.Text, ""},
		{Check{Contains: int64(1)}, fact.Texts, `contains 1 is not what x can contain, text; accepted: text, such as "ok"`},
		{Check{Contains: "a"}, fact.Whole, "contains is for lists and text, and x is a whole number; accepted: equals, matches, at_least, at_most"},
	} {
		tt.check.Fact = "x"
		var got []string
		for _, p := range tt.check.Compare(tt.t) {
			got = append(got, p.Key+" "+p.Msg)
		}
		if s := strings.Join(got, "\n"); s != tt.want {
			t.Errorf("%s: %s\nwant %s", fmt.Sprintf("%+v", tt.check), s, tt.want)
		}
	}
}
