package check

import (
	"fmt"
	"reflect"
	"strings"
)

// compare holds a fact's value against the check. It returns "" where everything
// holds, else what does not.
func (c Check) compare(value any) string {
	if c.Equals != nil && !equal(c.Equals, value) {
		return "to equal " + show(c.Equals)
	}
	if c.Matches != "" && !matches(c.Matches, value) {
		return fmt.Sprintf("to match %q", string(c.Matches))
	}
	if c.AtLeast != nil || c.AtMost != nil {
		n, ok := number(value)
		switch {
		case !ok:
			return "to be a number"
		case c.AtLeast != nil && n < *c.AtLeast:
			return fmt.Sprintf("to be at least %g", *c.AtLeast)
		case c.AtMost != nil && n > *c.AtMost:
			return fmt.Sprintf("to be at most %g", *c.AtMost)
		}
	}
	if c.Contains != nil && !contains(value, c.Contains) {
		return "to contain " + show(c.Contains)
	}
	return ""
}

// equal compares as a person would: TOML has whole numbers and fractions, JSON
// one kind of number.
func equal(a, b any) bool {
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x == y
	}
	list, ok := a.([]any)
	if !ok {
		return reflect.DeepEqual(a, b)
	}
	other, ok := b.([]any)
	if !ok || len(list) != len(other) {
		return false
	}
	for i := range list {
		if !equal(list[i], other[i]) {
			return false
		}
	}
	return true
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// matches looks at a fact as text; of a list, at each member.
func matches(pattern Regexp, value any) bool {
	re, err := pattern.compile(nil)
	if err != nil {
		return false // UnmarshalText lets none through
	}
	if list, ok := value.([]any); ok {
		for _, member := range list {
			if re.MatchString(text(member)) {
				return true
			}
		}
		return false
	}
	return re.MatchString(text(value))
}

func contains(value, wanted any) bool {
	switch value := value.(type) {
	case []any:
		for _, member := range value {
			if equal(wanted, member) {
				return true
			}
		}
	case string:
		part, ok := wanted.(string)
		return ok && strings.Contains(value, part)
	}
	return false
}

// text is a value without quotes, show with them.
func text(v any) string {
	if n, ok := number(v); ok {
		// 1048576, not 1.048576e+06.
		return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.6f", n), "0"), ".")
	}
	return fmt.Sprint(v)
}

func show(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case []any:
		members := make([]string, len(v))
		for i, member := range v {
			members[i] = show(member)
		}
		return "[" + strings.Join(members, ", ") + "]"
	case nil:
		return "nothing"
	}
	return text(v)
}
