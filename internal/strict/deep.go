package strict

import "github.com/imgbuild/imgbuild/internal/problem"

// deepest is how many tables and lists may lie in each other. What the schema knows goes to six; the time and memory that the TOML
// library takes grow with the square of it.
const deepest = 64

// tooDeep looks where a text goes deeper. Whether it is TOML at all need not be known: brackets and dots are counted outside of strings
// and comments.
func tooDeep(file, text string) (problem.Pos, bool) {
	s := &scanner{file: file, text: text, line: 1, col: 1}
	brackets, dots := 0, 0
	for s.skip(true); s.pos < len(s.text); s.skip(true) {
		switch s.peek() {
		case '"', '\'':
			s.quoted()
			continue
		case '[', '{':
			brackets, dots = brackets+1, 0
		case ']', '}':
			brackets, dots = max(0, brackets-1), 0
		case '=', ',':
			dots = 0
		case '.':
			dots++
		}
		if brackets+dots > deepest {
			return s.here(), true
		}
		if s.next(); s.peek() == '\n' {
			dots = 0
		}
	}
	return problem.Pos{}, false
}
