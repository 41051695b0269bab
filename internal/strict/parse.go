// Package strict reads TOML into structs and finds every problem at once, each with its
// place, what is accepted and the nearest known word. The profile is read by it, and what a box's
// owner may write on its medium.
package strict

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/problem"
)

// Document is a TOML file as tables, and where everything in it stands.
type Document struct {
	Tree map[string]any
	At   problem.Positions
}

// Parse reads TOML; file is what messages call it. The error is Problems.
func Parse(file string, text []byte) (Document, error) {
	text = bytes.TrimPrefix(text, []byte("\uFEFF")) // some editors' byte order mark
	if pos, deep := tooDeep(file, string(text)); deep {
		return Document{}, problem.Problems{{Pos: pos, Msg: fmt.Sprintf("brackets or dots go deeper than %d levels here; accepted: tables and lists as the profile's reference has them", deepest)}}
	}
	var tree map[string]any
	if err := toml.Unmarshal(text, &tree); err != nil {
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			return Document{}, problem.Problems{syntaxProblem(file, text, syntax)}
		}
		return Document{}, problem.Problems{{Pos: problem.Pos{File: file}, Msg: fmt.Sprintf("cannot be read: %v", err)}}
	}
	return Document{tree, locate(file, string(text))}, nil
}

// Decode fills the struct *into from tables and returns everything that does not fit, and which keys' values are
// not known for that. A key's word
// is its json tag's; without omitempty or omitzero it is required. Fields of an embedded struct count as
// the struct's own.
// What is left out has the default of its schema, which is there before the text is: a zero that the text has stays one.
func Decode(tree map[string]any, at problem.Positions, into any) (problem.Problems, problem.Doubts) {
	defaults.Fill(into)
	return Lay(tree, at, into, nil)
}

// Part says which fields of a struct belong to a part of a schema.
type Part func(reflect.Type) []reflect.StructField

// Lay is Decode for a part of a schema, over what *into has: a key that is left out keeps its value, none is required, and a
// new row of a table starts with the defaults of its schema. Tables and what pointers lead to are replaced by copies, so that
// what others may see of them stays as it is.
func Lay(tree map[string]any, at problem.Positions, into any, part Part) (problem.Problems, problem.Doubts) {
	d := decoder{at: at, part: part, doubts: problem.NewDoubts(at)}
	d.table("", tree, reflect.ValueOf(into).Elem())
	return d.problems, d.doubts
}

// syntaxProblem places what the TOML library found. For a key defined twice it
// points past the line's end; the key is what a person looks for.
func syntaxProblem(file string, text []byte, e toml.ParseError) problem.Problem {
	pos := problem.Pos{File: file, Line: e.Position.Line, Col: e.Position.Col}
	lines := strings.Split(string(text), "\n")
	if e.Message == "" || strings.Contains(e.Message, "already been defined") {
		if i := e.Position.Line - 1; i >= 0 && i < len(lines) {
			pos.Col = 1 + len(lines[i]) - len(strings.TrimLeft(lines[i], " \t"))
		}
	}
	msg := cmp.Or(e.Message, e.Error())
	// The library shows the word that it stumbled over, or the number: in such a key a part of the secret itself.
	if secretWord(e.LastKey) && !strings.Contains(msg, "already been defined") && !strings.Contains(msg, "newline") {
		msg = "is no value; accepted: text in quotes"
	}
	return problem.Problem{Pos: pos, Key: e.LastKey, Msg: msg}
}

// secretWord says whether a key's name speaks of a secret. A text that cannot be parsed has no schema that would know.
func secretWord(key string) bool {
	word := strings.ToLower(key[strings.LastIndex(key, ".")+1:])
	return slices.ContainsFunc([]string{"hash", "key", "password", "psk", "secret"}, func(part string) bool { return strings.Contains(word, part) })
}
