package main

import (
	"encoding"
	"errors"
	"reflect"

	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// choices are the words that types choose from, by the type's name as the schema has it: what each accepts it says itself, of a
// word that is none.
func choices() map[string][]string {
	all := map[string][]string{}
	seen := map[reflect.Type]bool{}
	var look func(t reflect.Type)
	look = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		if v, ok := reflect.New(t).Interface().(encoding.TextUnmarshaler); ok {
			if c := new(spec.ChoiceError); errors.As(v.UnmarshalText([]byte("\x00")), &c) {
				all[t.String()] = c.Accepted
			}
			return
		}
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			look(t.Elem())
		case reflect.Struct:
			for i := range t.NumField() {
				look(t.Field(i).Type)
			}
		}
	}
	look(reflect.TypeFor[profile.Profile]())
	return all
}
