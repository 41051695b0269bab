package kmod

import "strings"

// match is fnmatch(3) without flags: '*', '?', '[a-z]', '[!a-z]', where '*' also
// crosses slashes, as device aliases (MODULE_DEVICE_TABLE, file2alias.c) want it.
func match(pattern, s string) bool {
	// Where to resume after the last star: one more character of s is its.
	star, from := -1, 0
	p, i := 0, 0
	for i < len(s) {
		if p < len(pattern) {
			switch c := pattern[p]; {
			case c == '*':
				star, from = p, i
				p++
				continue
			case c == s[i] && c != '[':
				p, i = p+1, i+1
				continue
			}
		}
		if n, ok := one(pattern[p:], s[i]); ok {
			p, i = p+n, i+1
			continue
		}
		if star < 0 {
			return false
		}
		from++
		p, i = star+1, from
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// one matches a single character against the head of pattern and returns that head's length.
func one(pattern string, c byte) (n int, ok bool) {
	switch {
	case pattern == "":
		return 0, false
	case pattern[0] == '?':
		return 1, true
	case pattern[0] == '[':
		if end := strings.IndexByte(pattern[1:], ']'); end > 0 {
			return end + 2, inSet(pattern[1:1+end], c)
		}
	}
	return 1, pattern[0] == c
}

func inSet(set string, c byte) bool {
	negated := set[0] == '!' || set[0] == '^'
	if negated {
		set = set[1:]
	}
	for i := 0; i < len(set); i++ {
		low, high := set[i], set[i]
		if i+2 < len(set) && set[i+1] == '-' {
			high, i = set[i+2], i+2
		}
		if low <= c && c <= high {
			return !negated
		}
	}
	return negated
}

// literal returns the head of a pattern before its first special character.
func literal(pattern string) string {
	if i := strings.IndexAny(pattern, "*?["); i >= 0 {
		return pattern[:i]
	}
	return pattern
}
