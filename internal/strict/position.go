package strict

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/imgbuild/imgbuild/internal/problem"
)

// locate reads valid TOML and notes where each key and value stands.
func locate(file, text string) problem.Positions {
	s := &scanner{file: file, text: text, line: 1, col: 1,
		out: problem.Positions{Key: map[string]problem.Pos{}, Value: map[string]problem.Pos{}}}
	table, elements := "", map[string]int{}
	for s.skip(true); s.pos < len(s.text); s.skip(true) {
		if s.peek() != '[' {
			s.pair(table)
			continue
		}
		at := s.here()
		s.next()
		array := s.peek() == '['
		if array {
			s.next()
		}
		table = s.path("", at)
		if array {
			n := elements[table]
			elements[table]++
			table = problem.JoinIndex(table, n)
			s.out.Key[table] = at
		}
		for s.peek() == ']' {
			s.next()
		}
	}
	return s.out
}

type scanner struct {
	file, text     string
	pos, line, col int
	out            problem.Positions
}

func (s *scanner) here() problem.Pos { return problem.Pos{File: s.file, Line: s.line, Col: s.col} }

func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) next() {
	if s.pos >= len(s.text) {
		return
	}
	if s.text[s.pos] == '\n' {
		s.line, s.col = s.line+1, 0
	}
	_, n := utf8.DecodeRuneInString(s.text[s.pos:])
	s.pos += n
	s.col++
}

// skip passes blanks and, where lines may end, newlines and comments.
func (s *scanner) skip(lines bool) {
	for s.pos < len(s.text) {
		switch c := s.peek(); {
		case c == ' ' || c == '\t' || lines && (c == '\n' || c == '\r'):
			s.next()
		case lines && c == '#':
			for s.pos < len(s.text) && s.peek() != '\n' {
				s.next()
			}
		default:
			return
		}
	}
}

// pair reads KEY = VALUE below table. It always moves on, whatever it meets.
func (s *scanner) pair(table string) {
	start := s.pos
	path := s.path(table, s.here())
	s.skip(false)
	if s.peek() == '=' {
		s.next()
	}
	s.skip(false)
	s.value(path)
	if s.pos == start {
		s.next()
	}
}

// path reads a dotted key; each prefix that is new gets its place.
func (s *scanner) path(path string, at problem.Pos) string {
	for {
		s.skip(false)
		path = problem.JoinKey(path, s.word())
		if _, known := s.out.Key[path]; !known {
			s.out.Key[path] = at
		}
		s.skip(false)
		if s.peek() != '.' {
			return path
		}
		s.next()
	}
}

func (s *scanner) word() string {
	if c := s.peek(); c == '"' || c == '\'' {
		return s.quoted()
	}
	start := s.pos
	for s.pos < len(s.text) && !strings.ContainsRune(" \t\r\n.=]}", rune(s.peek())) {
		s.next()
	}
	return s.text[start:s.pos]
}

func (s *scanner) value(path string) {
	s.out.Value[path] = s.here()
	switch s.peek() {
	case '"', '\'':
		s.quoted()
	case '[':
		s.next()
		for i := 0; ; i++ {
			s.skip(true)
			if c := s.peek(); c == ']' || c == 0 {
				s.next()
				return
			}
			start := s.pos
			s.value(problem.JoinIndex(path, i))
			s.skip(true)
			if s.peek() == ',' {
				s.next()
			}
			if s.pos == start {
				s.next()
			}
		}
	case '{':
		s.next()
		for {
			s.skip(true)
			switch s.peek() {
			case '}', 0:
				s.next()
				return
			case ',':
				s.next()
			default:
				s.pair(path)
			}
		}
	default:
		for s.pos < len(s.text) && !strings.ContainsRune(",]}#\r\n", rune(s.peek())) {
			s.next()
		}
	}
}

// quoted passes a string of any of TOML's four kinds and returns its text.
func (s *scanner) quoted() string {
	quote := s.text[s.pos : s.pos+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(s.text[s.pos:], triple) {
		quote = triple
	}
	for range len(quote) {
		s.next()
	}
	start := s.pos
	for s.pos < len(s.text) && !strings.HasPrefix(s.text[s.pos:], quote) {
		if s.peek() == '\\' && quote[0] == '"' {
			s.next()
		}
		s.next()
	}
	body := s.text[start:s.pos]
	for range len(quote) {
		s.next()
	}
	if quote == `"` {
		if plain, err := strconv.Unquote(quote + body + quote); err == nil {
			return plain
		}
	}
	return body
}
