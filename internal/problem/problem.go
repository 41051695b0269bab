package problem

import (
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a file. Line and Col count from 1; Col counts
// characters. The zero Pos stands for a file without text.
type Pos struct {
	File      string
	Line, Col int
	// Depth is how many files lie over this one: 0 is the user's own, 1 what that extends, and so on.
	Depth int
}

func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Problem is one thing that is wrong with a file.
type Problem struct {
	Pos Pos
	// Key is the key's path as TOML writes it: mount."/srv".source.
	Key string
	// Msg says what is wrong and what is accepted.
	Msg string
	// Warning marks what is worth a look but keeps nobody from using the file.
	Warning bool
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.Pos.String())
	b.WriteString(": ")
	if p.Warning {
		b.WriteString("warning: ")
	}
	if p.Key != "" {
		b.WriteString(p.Key)
		b.WriteString(": ")
	}
	b.WriteString(p.Msg)
	return b.String()
}

// Problems is every problem found, in the order of the text. It is an error
// when at least one is more than a warning.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns ps as an error, or nil where there are but warnings.
func (ps Problems) Err() error {
	if slices.ContainsFunc(ps, func(p Problem) bool { return !p.Warning }) {
		return ps
	}
	return nil
}

// In gives problems without a place that of the file.
func (ps Problems) In(file string) Problems {
	for i := range ps {
		if ps[i].Pos.File == "" {
			ps[i].Pos.File = file
		}
	}
	return ps
}

// Sort orders problems by place and drops repeated ones.
func (ps Problems) Sort() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		if c := strings.Compare(a.Pos.File, b.Pos.File); c != 0 {
			return c
		}
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Col - b.Pos.Col
	})
	return slices.Compact(ps)
}
