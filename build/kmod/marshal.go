package kmod

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The cached form is text, a module a line, so that reading it is a matter of
// cutting one string: 4 ms for the 4,000 modules of a distribution's kernel. The
// first line is the form's version, release and directory.
const (
	form    = "kmod-index-1"
	columns = 12
	list    = "\x1f"
)

// MarshalText gives the index in a form for caches, which UnmarshalText reads. Equal
// indices give equal bytes. It never fails.
func (x *Index) MarshalText() ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\t%s\t%s\n", form, x.Release, x.Dir)
	for i := range x.Modules {
		m := &x.Modules[i]
		row := [columns]string{m.Name, m.Path, m.Packed, strconv.FormatInt(m.Size, 10), strconv.FormatBool(m.Builtin)}
		for c, names := range [...][]string{m.Depends, m.Pre, m.Post, m.Names, m.Firmware, m.Params} {
			row[5+c] = strings.Join(names, list)
		}
		row[columns-1] = strings.ReplaceAll(m.patterns, "\n", list)
		b.WriteString(strings.Join(row[:], "\t"))
		b.WriteByte('\n')
	}
	return []byte(b.String()), nil
}

// UnmarshalText replaces the index by what MarshalText wrote.
func (x *Index) UnmarshalText(text []byte) error { return x.Parse(string(text)) }

// Parse is UnmarshalText of a string, which the index then keeps: there is no copy of it to make.
func (x *Index) Parse(text string) error {
	head, rest, _ := strings.Cut(text, "\n")
	top := strings.Split(head, "\t")
	if len(top) != 3 || top[0] != form {
		return fmt.Errorf("reading a module index: the first line is not that of %s", form)
	}
	y := Index{Release: top[1], Dir: top[2], Modules: make([]Module, 0, strings.Count(rest, "\n"))}
	for line := range strings.Lines(rest) {
		m, err := parseRow(line)
		if err != nil {
			return fmt.Errorf("reading a module index, line %d: %w", len(y.Modules)+2, err)
		}
		y.Modules = append(y.Modules, m)
	}
	y.connect()
	*x = y
	return nil
}

func parseRow(line string) (m Module, err error) {
	var row [columns]string
	rest, whole := strings.CutSuffix(line, "\n")
	for c := range row {
		var more bool
		row[c], rest, more = strings.Cut(rest, "\t")
		if more != (c < columns-1) {
			return m, fmt.Errorf("it has not %d columns", columns)
		}
	}
	if !whole {
		return m, fmt.Errorf("it is cut short")
	}
	if m.Size, err = strconv.ParseInt(row[3], 10, 64); err != nil {
		return m, err
	}
	if m.Builtin, err = strconv.ParseBool(row[4]); err != nil {
		return m, err
	}
	m.Name, m.Path, m.Packed = row[0], row[1], row[2]
	for c, names := range [...]*[]string{&m.Depends, &m.Pre, &m.Post, &m.Names, &m.Firmware, &m.Params} {
		if row[5+c] != "" {
			*names = strings.Split(row[5+c], list)
		}
	}
	m.patterns = strings.ReplaceAll(row[columns-1], list, "\n")
	return m, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
