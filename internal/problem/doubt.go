package problem

import (
	"slices"
	"strings"
)

// Doubts are the keys of a text whose values are not known: what stands there did not fit, or a required key is
// missing, or its word is unknown and meant another key. No doubts are the zero value.
type Doubts struct {
	at     Positions
	failed []string
	// meant are the keys that unknown words come closest to.
	meant []meaning
	// refused are keys of which another value is wanted; what is written is known.
	refused []string
}

type meaning struct{ word, key string }

// About says whether the value of a key is in doubt, or one in it or around it.
func (d Doubts) About(key string) bool {
	return slices.ContainsFunc(d.failed, func(f string) bool { return within(f, key) || within(key, f) }) ||
		slices.ContainsFunc(d.meant, func(m meaning) bool { return within(m.key, key) || d.holds(m, key) })
}

// NewDoubts makes doubts about a text whose keys stand at these places.
func NewDoubts(at Positions) Doubts { return Doubts{at: at} }

// Meant notes that an unknown word stands where a key was meant.
func (d *Doubts) Meant(word, key string) { d.meant = append(d.meant, meaning{word, key}) }

// Replaced says whether a word stands in the place of a key.
func (d Doubts) Replaced(key string) bool {
	return slices.ContainsFunc(d.meant, func(m meaning) bool { return m.key == key })
}

// Refuse notes a key whose value is known and not what it may be.
func (d *Doubts) Refuse(key string) { d.refused = append(d.refused, key) }

// written says whether the file that lies over all others gives a key a value that may stand there.
func (d Doubts) written(key string) bool {
	at, ok := d.at.Value[key]
	return ok && at.Depth == 0 && !slices.Contains(d.refused, key)
}

// Add takes further keys into doubt.
func (d *Doubts) Add(keys ...string) { d.failed = append(d.failed, keys...) }

// rows says whether it is in doubt which rows a table has; with a name, only whether it has that one.
func (d Doubts) rows(table, name string) bool {
	key := table
	if name != "" {
		key = JoinKey(table, name)
	}
	return slices.ContainsFunc(d.failed, func(f string) bool { return within(table, f) }) ||
		slices.ContainsFunc(d.meant, func(m meaning) bool { return d.holds(m, key) })
}

// holds says whether a key is written below the unknown word instead of the one that was meant.
func (d Doubts) holds(m meaning, key string) bool {
	if !within(key, m.key) {
		return false
	}
	at := m.word + key[len(m.key):]
	_, named := d.at.Key[at]
	_, valued := d.at.Value[at]
	return named || valued
}

// within says whether a key is another one, or lies in it.
func within(key, outer string) bool {
	rest, ok := strings.CutPrefix(key, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
