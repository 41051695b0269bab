package site

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

const preface = `# What this box may be told without a new image. It is read at each boot, from the
# EFI system partition of the medium that the box starts from. Take the # off the lines
# that are to count. A mistake never stops the boot: the console then says what is wrong,
# and the image's own configuration is used.
`

// Example is a site.toml in which every line is a comment: what the image allows, to be picked from.
// Prose has a blank after its #, keys don't. more is TOML for what is not said by a field's tag.
func Example(m *spec.Machine, more ...func(*spec.Machine) string) string {
	e := example{machine: m}
	e.table("", reflect.ValueOf(m).Elem())
	for _, f := range more {
		e.WriteString(f(m))
	}
	var out strings.Builder
	out.WriteString(preface)
	for line := range strings.Lines(e.String()) {
		if line != "\n" {
			out.WriteString("#")
		}
		out.WriteString(line)
	}
	return out.String()
}

type example struct {
	strings.Builder
	machine *spec.Machine
}

// table writes the keys of a table, the tables in it, and then those with rows.
func (e *example) table(path string, v reflect.Value) {
	var lines []string
	for _, f := range spec.SiteFields(v.Type()) {
		if text := f.Tag.Get("example"); text != "" && e.machine.Allows(spec.SiteKey(f.Tag.Get("site"))) {
			if value := v.FieldByIndex(f.Index); !value.IsZero() && !secret(f) {
				text = toml(value)
			}
			lines = append(lines, key(f)+" = "+text)
		}
	}
	e.WriteString(Table(path, lines...))
	for _, f := range spec.SiteFields(v.Type()) {
		if value := reflect.Indirect(v.FieldByIndex(f.Index)); value.Kind() == reflect.Struct && spec.SiteFields(value.Type()) != nil {
			e.table(problem.JoinKey(path, key(f)), value)
		}
	}
	for _, f := range spec.SiteFields(v.Type()) {
		if f.Type.Kind() == reflect.Map && spec.SiteTable(f) != nil {
			e.rows(problem.JoinKey(path, key(f)), f.Tag.Get("always"), v.FieldByIndex(f.Index))
		}
	}
}

func (e *example) rows(path, always string, rows reflect.Value) {
	all := map[string]reflect.Value{}
	for it := rows.MapRange(); it.Next(); {
		all[it.Key().String()] = it.Value()
	}
	names := slices.Sorted(maps.Keys(all))
	if _, there := all[always]; always != "" && !there {
		all[always] = reflect.Zero(rows.Type().Elem())
		names = append([]string{always}, names...)
	}
	for _, name := range names {
		e.table(problem.JoinKey(path, name), all[name])
	}
}

// Table is a table as TOML, after an empty line; "" without lines. One without a name has to be the first.
func Table(path string, lines ...string) string {
	if len(lines) == 0 {
		return ""
	}
	head := "\n"
	if path != "" {
		head += "[" + path + "]\n"
	}
	return head + strings.Join(lines, "\n") + "\n"
}

// secret says whether what a field holds is not to be shown.
func secret(f reflect.StructField) bool {
	return f.Tag.Get("secret") != "" || f.Type.Implements(reflect.TypeFor[interface{ Secret() }]())
}

// toml writes a value.
func toml(v reflect.Value) string {
	_, text := v.Interface().(encoding.TextMarshaler)
	switch {
	case v.Kind() == reflect.Slice:
		words := make([]string, v.Len())
		for i := range words {
			words[i] = toml(v.Index(i))
		}
		return "[" + strings.Join(words, ", ") + "]"
	case text || v.Kind() == reflect.String:
		return fmt.Sprintf("%q", fmt.Sprint(v))
	}
	return fmt.Sprint(v)
}
