package slot

import (
	"cmp"
	"fmt"
	"strings"
)

// CheckVersion says what is wrong with a version.
func CheckVersion(v string) error {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+~"
	if v == "" || len(v) > maxWord || strings.Trim(v, letters) != "" || strings.Trim(v[:1], "0123456789") != "" {
		return fmt.Errorf("%q is not a version; accepted: up to %d letters, digits and . - _ + ~, of which the first is a digit, such as 2026.49", v, maxWord)
	}
	return nil
}

// Compare orders versions: -1 where a is older than b, 1 where it is newer, else 0. Digits beside each other are a number, what stands
// between is text, and they are compared piece by piece: 2026.9 is older than 2026.10, and 1.2 than 1.2.1. What follows a + does not count, as
// in Semantic Versioning 2.0.0, and ~ is before everything, the end too: 2.0~rc1 is older than 2.0.
func Compare(a, b string) int {
	a, _, _ = strings.Cut(a, "+")
	b, _, _ = strings.Cut(b, "+")
	for a != "" || b != "" {
		var x, y string
		x, a = piece(a)
		y, b = piece(b)
		if c := comparePieces(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// piece cuts what is compared next from a version: a number, or one other character.
func piece(v string) (first, rest string) {
	if v == "" {
		return "", ""
	}
	n := len(v) - len(strings.TrimLeft(v, "0123456789"))
	n = max(n, 1)
	return v[:n], v[n:]
}

func comparePieces(x, y string) int {
	number := func(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }
	switch {
	case x == y:
		return 0
	case x == "~" || y == "~":
		if x == "~" {
			return -1
		}
		return 1
	case number(x) && number(y):
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y))
	}
	return strings.Compare(x, y) // the end is before all else
}
