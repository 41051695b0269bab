package main

import (
	"fmt"
	"go/ast"
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
	w := writer{schema: s}
	w.WriteString(introduction)
	w.table("Top level", "", "profile.Profile")
	return strings.TrimRight(w.String(), "\n") + "\n", nil
}

type writer struct {
	strings.Builder
	schema schema
}

// table writes a table's keys, then the tables below it.
func (w *writer) table(title, path, name string) {
	fmt.Fprintf(w, "## %s\n\n", title)
	if t := w.schema[name]; t.Doc != nil && path != "" {
		fmt.Fprintf(w, "%s\n\n", about(t))
	}
	type below struct{ title, path, name string }
	var tables []below
	w.WriteString("| key | takes | default | meaning |\n| --- | --- | --- | --- |\n")
	for _, k := range w.schema.keys(name) {
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
	if name == "spec.Site" {
		w.siteKeys()
	}
	for _, b := range tables {
		w.table(b.title, b.path, b.name)
	}
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
	}
	t, ok := w.schema[name]
	if !ok {
		return strings.ToLower(name)
	}
	return about(t)
}

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
