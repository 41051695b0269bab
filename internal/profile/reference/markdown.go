package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

const introduction = `# Profile reference

A profile is one TOML file. Every key below may be left out unless it is marked
*required*. Keys that are not listed here are errors; all problems of a profile
are reported at once, each with its line and column; what a profile and the one that it extends get wrong together is
reported in the profile, and the other place is named beside it. ` + "`imgbuild plan NAME`" + ` prints a
profile with what it extends and all defaults filled in.

A default is for a key that is left out. A zero that is written (` + "`0`, `\"0s\"`, `\"\"`, `[]`" + `) is taken by its word, or
refused where it would say nothing; of an empty table a warning tells. At a key without a default it stands for nothing, and so takes away what an
extended profile says there.

A profile that extends another one says what is different. Its tables merge with those that it inherits, and its other values take
their place:

` + "```toml" + `
extends = "nas"

[image]
overlays = ["inherited", "mine"]   # a list goes on: what is inherited, then one more
replace  = ["inherited", "/etc/issue"]

[ethernet]
lan = false                        # a table that is inherited is taken away

[check]
network = false                    # and so are those that speak of it
address = false
` + "```" + `

In every list the word "inherited" stands for the members that the extended profile has there, and may stand first, last or between others. A list
without it takes the place of the inherited one; of commands, overlays, files and drivers that are left out so, while others are added, a warning tells. What refers to
a table that was taken away is a mistake, told where it was taken away.

Editors complete keys and words, show what they mean, and mark mistakes by the schema that ` + "`imgbuild schema > imgbuild.schema.json`" + `
prints (JSON Schema, draft 7). Those that know taplo (VS Code with Even Better TOML, Helix, Neovim) take it from a first line
` + "`#:schema ./imgbuild.schema.json`" + ` of the profile, or for all profiles from a ` + "`.taplo.toml`" + ` with ` + "`[schema] path = \"imgbuild.schema.json\"`" + `. It knows
keys, kinds and words; ` + "`imgbuild check`" + ` knows the rest.

Durations are written ` + "`500ms`, `30s`, `2m`, `1h30m`" + `; sizes ` + "`512K`, `64M`, `4G`" + `
(1024 each). This file is generated from the schema; change the doc comments
in internal/profile, internal/spec and internal/check.

`

// Markdown renders the reference of the schema below root.
func Markdown(root string) (string, error) {
	s, err := readSchema(root)
	if err != nil {
		return "", err
	}
	w := writer{schema: s, choices: choices(), examples: examples()}
	w.WriteString(introduction)
	w.table("Top level", "", "profile.Profile")
	return strings.TrimRight(w.String(), "\n") + "\n", nil
}

type writer struct {
	strings.Builder
	schema   schema
	choices  map[string][]string
	examples map[string]string
	// told are structs whose keys several tables share, once they are written.
	told map[string]bool
}

// below is a table in another one.
type below struct{ title, path, name string }

// table writes an example of a table and its keys, then the tables below it.
func (w *writer) table(title, path, name string) {
	keys := w.schema.keys(name)
	shared := ""
	// The profile's own table is two structs, of the builder and of the machine.
	if path == "" {
		for i := range keys {
			keys[i].shared = ""
		}
	}
	own := slices.DeleteFunc(slices.Clone(keys), func(k key) bool { shared = cmp.Or(k.shared, shared); return k.shared != "" })
	if shared != "" && !w.told[shared] {
		w.told = map[string]bool{shared: true}
		w.shared(shared)
	}
	fmt.Fprintf(w, "## %s\n\n", title)
	if t := w.schema[name]; t.Doc != nil && path != "" {
		fmt.Fprintf(w, "%s\n\n", about(t))
	}
	w.example(path)
	if shared != "" {
		fmt.Fprintf(w, "It takes what [every interface](#interfaces) takes")
		if len(own) == 0 {
			w.WriteString(".\n\n")
			return
		}
		w.WriteString(", and:\n\n")
	}
	tables := w.rows(path, own)
	if name == "spec.Site" {
		w.siteKeys()
	}
	for _, b := range tables {
		w.table(b.title, b.path, b.name)
	}
}

// shared writes the keys of interfaces of all kinds, before the first of these.
func (w *writer) shared(name string) {
	var kinds []string
	for _, k := range w.schema.keys("profile.Profile") {
		if _, child, _ := w.takes(k); child != "" && slices.ContainsFunc(w.schema.keys(child), func(k key) bool { return k.shared == name }) {
			kinds = append(kinds, "`["+k.name+".NAME]`")
		}
	}
	last := len(kinds) - 1
	fmt.Fprintf(w, "## Interfaces\n\n%s and %s, whose names are unique over all of them, take:\n\n", strings.Join(kinds[:last], ", "), kinds[last])
	for _, b := range w.rows("KIND.NAME", w.schema.keys(name)) {
		w.table(b.title, b.path, b.name)
	}
}

func (w *writer) example(path string) {
	if text := w.examples[path]; text != "" {
		fmt.Fprintf(w, "    %s\n\n", strings.ReplaceAll(text, "\n", "\n    "))
	}
}

// rows writes a table's keys, and returns the tables below it.
func (w *writer) rows(path string, keys []key) (tables []below) {
	w.WriteString("| key | takes | default | meaning |\n| --- | --- | --- | --- |\n")
	for _, k := range keys {
		takes, child, perRow := w.takes(k)
		fallback := ""
		if k.preset != "" {
			fallback = "`" + k.preset + "`"
		} else if k.required {
			fallback = "*required*"
		}
		fmt.Fprintf(w, "| `%s` | %s | %s | %s |\n", k.name, cell(takes), fallback, cell(k.doc))
		if child != "" {
			at := strings.TrimPrefix(path+"."+k.name, ".")
			if perRow {
				at += ".NAME"
			}
			tables = append(tables, below{"`[" + at + "]`", at, child})
		}
	}
	w.WriteString("\n")
	return tables
}

// takes says what a key takes, and names the struct of a table and whether it
// has a row for each name.
func (w *writer) takes(k key) (text, table string, perRow bool) {
	if k.accepts != "" {
		return k.accepts, "", false
	}
	switch t := k.typ.(type) {
	case *ast.ArrayType:
		return "list, each: " + w.word(typeName(t.Elt, k.pkg)), "", false
	case *ast.MapType:
		name := typeName(t.Value, k.pkg)
		if w.isStruct(name) {
			return "a table for each name", name, true
		}
		if _, ours := w.schema[name]; ours { // whose doc comment is a sentence, with no plural
			return "table, each value: " + w.word(name), "", false
		}
		return "table of " + w.word(name) + "s", "", false
	default:
		name := typeName(t, k.pkg)
		if w.isStruct(name) {
			return "a table", name, false
		}
		return w.word(name), "", false
	}
}

func (w *writer) isStruct(name string) bool {
	t, ok := w.schema[name]
	if !ok {
		return false
	}
	st, ok := t.Type.(*ast.StructType)
	if !ok {
		return false
	}
	for _, f := range st.Fields.List {
		if f.Tag != nil || len(f.Names) == 0 {
			return true
		}
	}
	return false // a value that happens to be a struct, such as a compiled pattern
}

// word is a type in the words of a profile's author.
func (w *writer) word(name string) string {
	switch name {
	case "string":
		return "string"
	case "bool":
		return "true or false"
	case "int", "int64", "uint32":
		return "whole number"
	case "float64":
		return "number"
	case "any":
		return "any value"
	case "netip.Prefix":
		return "address with prefix length, `192.0.2.1/24`"
	case "netip.Addr":
		return "IP address"
	case "netip.AddrPort":
		return "address and port, `192.0.2.1:443`"
	}
	if words := w.choices[name]; len(words) > 0 && len(words) <= fewWords {
		last := len(words) - 1
		return "`" + strings.Join(words[:last], "`, `") + "` or `" + words[last] + "`"
	}
	t, ok := w.schema[name]
	if !ok {
		panic("BUG: no words for the type " + name)
	}
	return about(t)
}

// fewWords is how many words a cell of a table can list.
const fewWords = 16

// about is a type's doc comment without its name: "a time span written as …".
func about(t *ast.TypeSpec) string {
	text := strings.Join(strings.Fields(t.Doc.Text()), " ")
	text = strings.TrimPrefix(text, t.Name.Name+" ")
	for _, verb := range []string{"is ", "holds "} {
		text = strings.TrimPrefix(text, verb)
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
