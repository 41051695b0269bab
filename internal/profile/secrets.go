package profile

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// value is a string of the profile that is a secret, or names a file that is.
type value struct {
	key  []string
	text string
	file bool
}

// secrets lists what the schema calls secret (a type's method Secret) or the file of a secret (the tag secret:"file") and the
// profile gives, in the order of the schema.
func (p *Profile) secrets() (found []value) {
	var walk func(v reflect.Value, key []string, file bool)
	walk = func(v reflect.Value, key []string, file bool) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem(), key, file)
			}
		case reflect.Map:
			names := map[string]reflect.Value{}
			for _, k := range v.MapKeys() {
				names[k.String()] = v.MapIndex(k)
			}
			for _, name := range slices.Sorted(maps.Keys(names)) {
				walk(names[name], append(slices.Clone(key), name), file)
			}
		case reflect.Struct:
			if text, from, is := partsOf(v); is {
				if text += from.File; text != "" {
					found = append(found, value{key, text, from.File != ""})
				}
				return
			}
			for _, f := range reflect.VisibleFields(v.Type()) {
				word, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				if f.IsExported() && !f.Anonymous && word != "" {
					walk(v.FieldByIndex(f.Index), append(slices.Clone(key), word), f.Tag.Get("secret") == "file")
				}
			}
		case reflect.String:
			_, secret := v.Interface().(interface{ Secret() })
			if v.String() != "" && (secret || file) {
				found = append(found, value{key, v.String(), file})
			}
		}
	}
	walk(reflect.ValueOf(p).Elem(), nil, false)
	return found
}

// partsOf takes what may be written as a table in place of a secret apart: its value, and where it is found otherwise.
func partsOf(v reflect.Value) (value string, from spec.Source, is bool) {
	switch s := v.Interface().(type) {
	case spec.Source:
		return "", s, true
	case interface{ Parts() (string, spec.Source) }:
		value, from = s.Parts()
		return value, from, true
	}
	return "", from, false
}

// Secrets are the keys whose values nobody but the box and its owner should read.
func (p *Profile) Secrets() (keys []string) {
	for _, v := range p.secrets() {
		if !v.file {
			keys = append(keys, joinAll(v.key))
		}
	}
	return keys
}

// SecretFiles are the paths of files that keys name as secret, and the first key that does.
func (p *Profile) SecretFiles() map[string]string {
	files := map[string]string{}
	for _, v := range p.secrets() {
		if v.file && files[v.text] == "" {
			files[v.text] = joinAll(v.key)
		}
	}
	return files
}

func joinAll(words []string) (key string) {
	for _, w := range words {
		key = joinKey(key, w)
	}
	return key
}

// notShown stands for a secret in what is printed.
const notShown = "(set, not shown)"

// Shown is the profile as tables, for people and programs to read: without its secrets.
func (p *Profile) Shown() map[string]any {
	tree := p.tree()
	for _, v := range p.secrets() {
		if v.file {
			continue
		}
		at, last := tree, len(v.key)-1
		for _, word := range v.key[:last] {
			at = at[word].(map[string]any)
		}
		at[v.key[last]] = notShown
	}
	return tree
}
