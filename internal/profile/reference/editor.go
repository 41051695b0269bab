package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/strict"
)

// object is a part of a JSON Schema.
type object map[string]any

// editor makes a JSON Schema of the structs of a profile: their kinds as they are compiled, and what the doc comments say. It knows
// what stands where, and leaves to "imgbuild check" what texts must look like, and what is required: a profile may inherit that.
type editor struct {
	docs   schema
	tables object
}

// EditorSchema renders the schema for editors of the sources below root: draft 7, which taplo takes.
func EditorSchema(root string) ([]byte, error) {
	docs, err := readSchema(root)
	if err != nil {
		return nil, err
	}
	e := editor{docs, object{}}
	top := e.fields(reflect.TypeFor[profile.Profile]())
	top["$schema"], top["title"], top["definitions"] = "http://json-schema.org/draft-07/schema#", "A profile of imgbuild", e.tables
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	err = encoder.Encode(top)
	return out.Bytes(), err
}

// fields is the object that a struct is.
func (e *editor) fields(t reflect.Type) object {
	docs := map[string]key{}
	for _, k := range e.docs.keys(path.Base(t.PkgPath()) + "." + t.Name()) {
		docs[k.name] = k
	}
	properties := object{}
	for _, f := range reflect.VisibleFields(t) {
		word, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || !f.IsExported() || word == "" || word == "-" {
			continue
		}
		about := docs[word].doc
		if accept := f.Tag.Get("accept"); accept != "" {
			about += " Accepted: " + accept + "."
		}
		if preset := f.Tag.Get("default"); preset != "" {
			about += " Default: " + preset + "."
		}
		value := e.value(f.Type, f.Tag)
		if _, ref := value["$ref"]; ref { // beside which nothing counts
			value = object{"allOf": []any{value}}
		}
		value["description"] = strings.TrimSpace(about)
		properties[word] = value
	}
	return object{"type": "object", "properties": properties, "additionalProperties": false}
}

// table refers to what a struct is, in whose place something else may stand.
func (e *editor) table(t reflect.Type, or string) object {
	name := t.Name()
	if _, made := e.tables[name]; !made {
		e.tables[name] = object{} // as long as it is being made
		e.tables[name] = also(e.fields(t), or)
	}
	return object{"$ref": "#/definitions/" + name}
}

// also lets something else stand in a table's place. An editor tells of a choice between schemas (anyOf) only that none fits, and not
// which key is wrong: so the table is one schema with two types.
func also(table object, or string) object {
	table["type"] = []any{"object", or}
	if or == "boolean" { // false takes an inherited table away
		table["not"] = object{"const": true}
	}
	return table
}

// value is what a type takes.
func (e *editor) value(t reflect.Type, tag reflect.StructTag) object {
	v := reflect.New(t).Interface()
	if either, is := v.(interface {
		FromText([]byte) error
		Table() any
	}); is {
		return e.table(reflect.TypeOf(either.Table()).Elem(), "string")
	}
	if text, is := v.(encoding.TextUnmarshaler); is {
		return word(text)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return e.value(t.Elem(), tag)
	case reflect.Struct:
		return e.table(t, "boolean")
	case reflect.Map:
		return also(object{"additionalProperties": e.value(t.Elem(), tag)}, "boolean")
	case reflect.Slice:
		return object{"type": "array", "items": goingOn(e.value(t.Elem(), ""))}
	case reflect.String:
		if tag.Get("scalar") == "true" {
			return object{"type": []any{"string", "integer", "boolean"}}
		}
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Int, reflect.Int64:
		return within(object{"type": "integer"}, tag.Get("accept"))
	case reflect.Uint32:
		return within(object{"type": "integer", "minimum": 0}, tag.Get("accept"))
	case reflect.Interface:
		return object{}
	}
	panic(fmt.Sprintf("BUG: a key of type %s", t))
}

// goingOn lets a list's members stand for those that are inherited.
func goingOn(member object) object {
	if words, is := member["enum"].([]string); is {
		member["enum"] = append(slices.Clone(words), strict.Inherited)
	} else if member["type"] != "string" {
		member["type"], member["pattern"] = []any{member["type"], "string"}, "^"+strict.Inherited+"$"
	}
	return member
}

// word is a text; where it is one of several words, these.
func word(v encoding.TextUnmarshaler) object {
	var choice *spec.ChoiceError
	if errors.As(v.UnmarshalText([]byte{0}), &choice) {
		return object{"type": "string", "enum": choice.Accepted}
	}
	return object{"type": "string"}
}

// within adds the bounds of a number, as internal/strict reads them.
func within(number object, accept string) object {
	accept, _, _ = strings.Cut(accept, ",")
	least, open := strings.CutSuffix(accept, " or more")
	most := ""
	if !open {
		least, most, _ = strings.Cut(accept, " to ")
	}
	if n, err := strconv.Atoi(least); err == nil {
		number["minimum"] = n
	}
	if n, err := strconv.Atoi(most); err == nil {
		number["maximum"] = n
	}
	return number
}
