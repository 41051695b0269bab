package profile

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// positions maps a key's path, as TOML writes it, to where it stands. The TOML
// library reports places for syntax errors only, so the text is read a second
// time for them; it is known to be valid by then, which keeps this reader small.
type positions struct {
	key   map[string]Pos
	value map[string]Pos
}

// joinKey appends a key to a path, quoted where TOML wants quotes.
func joinKey(path, key string) string {
	bare := key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
	if !bare {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func joinIndex(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// locate reads valid TOML and notes where each key and value stands.
func locate(file, text string) positions {
	s := &scanner{file: file, text: text, line: 1, col: 1,
		out: positions{key: map[string]Pos{}, value: map[string]Pos{}}}
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
			table = joinIndex(table, n)
			s.out.key[table] = at
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
	out            positions
}

func (s *scanner) here() Pos { return Pos{s.file, s.line, s.col} }

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
func (s *scanner) path(path string, at Pos) string {
	for {
		s.skip(false)
		path = joinKey(path, s.word())
		if _, known := s.out.key[path]; !known {
			s.out.key[path] = at
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
	s.out.value[path] = s.here()
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
			s.value(joinIndex(path, i))
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
