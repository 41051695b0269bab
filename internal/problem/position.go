package problem

import (
	"cmp"
	"maps"
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

// Above finds where the first of these keys, or something in it, is written in a file above a depth; of several files in the one that
// lies over the others, and there at its first line.
func (p Positions) Above(depth int, keys []string) (key string, at Pos, found bool) {
	for _, outer := range keys {
		k, pos, ok := first(p.Value, outer, depth)
		if !ok { // an empty table
			k, pos, ok = first(p.Key, outer, depth)
		}
		if !ok {
			k, pos, ok = p.taken(outer, depth)
		}
		if ok {
			key, at, depth, found = k, pos, pos.Depth, true
		}
	}
	return key, at, found
}

// Take says that a file takes a table away: what lies over it has a value there, and no key.
func (p Positions) Take(key string) { delete(p.Key, key) }

// taken is where a file above a depth takes a table away that a key lies in.
func (p Positions) taken(key string, depth int) (string, Pos, bool) {
	for i := strings.LastIndexByte(key, '.'); i >= 0; i = strings.LastIndexByte(key, '.') {
		key = key[:i]
		pos, valued := p.Value[key]
		if _, named := p.Key[key]; valued && !named && pos.Depth < depth {
			return key, pos, true
		}
	}
	return "", Pos{}, false
}

// first is the first place within a key that is above a depth, by depth and then by line.
func first(places map[string]Pos, outer string, depth int) (key string, at Pos, found bool) {
	for k, pos := range places {
		if pos.Depth < depth && within(k, outer) && (!found || cmp.Or(pos.Depth-at.Depth, pos.Line-at.Line, pos.Col-at.Col) < 0) {
			key, at, found = k, pos, true
		}
	}
	return key, at, found
}

// Drop forgets where a key stands, and all that lies in it.
func (p Positions) Drop(key string) {
	for _, places := range []map[string]Pos{p.Key, p.Value} {
		maps.DeleteFunc(places, func(k string, _ Pos) bool { return within(k, key) })
	}
}

// Lower says that so many files lie over the one with these positions.
func (p Positions) Lower(depth int) {
	for _, places := range []map[string]Pos{p.Key, p.Value} {
		for k, pos := range places {
			pos.Depth = depth
			places[k] = pos
		}
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
