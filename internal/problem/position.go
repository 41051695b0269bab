package problem

import (
	"strconv"
	"strings"
)

// Positions maps a key's path, as TOML writes it, to where it stands. The TOML
// library reports places for syntax errors only, so the text is read a second
// time for them; it is known to be valid by then, which keeps this reader small.
type Positions struct {
	Key   map[string]Pos
	Value map[string]Pos
}

// At is where the value of a key stands; for a key that was not written, the
// nearest table around it that was. It is the zero Pos where there is none.
func (p Positions) At(key string) Pos {
	for {
		if pos, ok := p.Value[key]; ok {
			return pos
		}
		if pos, ok := p.Key[key]; ok {
			return pos
		}
		i := strings.LastIndexAny(key, ".[")
		if i < 0 {
			return Pos{}
		}
		key = key[:i]
	}
}

// JoinKey appends a key to a path, quoted where TOML wants quotes.
func JoinKey(path, key string) string {
	bare := key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
	if !bare {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// JoinIndex appends the number of a list's element to a path.
func JoinIndex(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
