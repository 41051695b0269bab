// Package problem says what is wrong with a file that people write, at its place, and leaves out what only follows from a value
// that is in doubt. It knows no format.
package problem

import (
	"fmt"
	"slices"
)

// Judge collects what is wrong beyond single values, and leaves out what only follows from a value that is not
// known: that one is told already. By itself a problem stands on its key, and on what lies in and around it; Of, Rows
// and Ref add what else it stands on.
type Judge struct {
	at       func(key string) Pos
	doubts   Doubts
	problems *Problems
	sure     bool // does not stand on its own key's value
	doubtful bool
	of       []string // what the problem stands on besides its key
}

// NewJudge makes a judge; at tells where a key stands.
func NewJudge(at func(key string) Pos, doubts Doubts) Judge {
	return Judge{at: at, doubts: doubts, problems: new(Problems)}
}

// Found returns all problems so far.
func (j Judge) Found() Problems { return *j.problems }

// Add takes over problems that others found.
func (j Judge) Add(problems Problems) { *j.problems = append(*j.problems, problems...) }

// Bad notes a problem.
func (j Judge) Bad(key, format string, args ...any) { j.note(false, key, format, args) }

// Warn notes what is worth a look.
func (j Judge) Warn(key, format string, args ...any) { j.note(true, key, format, args) }

// Vain notes each of these keys of a table that is written although nothing will ask for it. What a file says that others extend may
// be for rows that those do without, and a single key cannot be taken back: only the file that lies over all others is asked.
func (j Judge) Vain(table string, keys []string, format string, args ...any) {
	for _, key := range keys {
		if key = JoinKey(table, key); j.doubts.written(key) {
			j.Bad(key, format, args...)
		}
	}
}

func (j Judge) note(warning bool, key, format string, args []any) {
	if j.doubtful || !j.sure && j.doubts.About(key) {
		return
	}
	p := Problem{Pos: j.at(key), Key: key, Msg: fmt.Sprintf(format, args...), Warning: warning}
	if cause, pos, found := j.doubts.at.Above(p.Pos.Depth, append([]string{key}, j.of...)); found {
		p = Problem{Pos: pos, Key: cause, Msg: fmt.Sprintf("and %s (%s): %s", key, p.Pos, p.Msg), Warning: warning}
	}
	*j.problems = append(*j.problems, p)
}

// Sure is for what is wrong whatever the values in a row are: its name, say, or what two known values say together.
func (j Judge) Sure() Judge {
	j.sure = true
	return j
}

// Of is for problems that stand on these keys, too, with all that lies in them. Of the keys that a problem stands on it is told at
// one in the file that lies over the others, for that is what was written last: of a profile of one's own and the one that it
// extends, the own.
func (j Judge) Of(keys ...string) Judge {
	j.of = append(slices.Clone(j.of), keys...)
	for _, key := range keys {
		j.doubtful = j.doubtful || j.doubts.About(key)
	}
	return j
}

// Rows is for problems that stand on which rows these tables have.
func (j Judge) Rows(tables ...string) Judge {
	j.of = append(slices.Clone(j.of), tables...)
	for _, table := range tables {
		j.doubtful = j.doubtful || j.doubts.rows(table, "")
	}
	return j
}

// Ref is for problems that stand on there being no row of this name in any of these tables.
func (j Judge) Ref(name string, tables ...string) Judge {
	for _, table := range tables {
		j.of = append(slices.Clone(j.of), JoinKey(table, name))
	}
	for _, table := range tables {
		j.doubtful = j.doubtful || j.doubts.rows(table, name)
	}
	return j
}
