// Package defaults gives what a schema says where a profile says nothing. A default stands in the tag of its field and
// nowhere else: builder and init fill what they make themselves from there, too.
package defaults

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Fill gives every key of *into that is zero the default of its schema. Before a text is read into it these are all keys, so
// that a zero which the text has stays one; afterwards nobody could tell the two apart.
func Fill(into any) { fill(reflect.ValueOf(into).Elem()) }

func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, f := range reflect.VisibleFields(v.Type()) {
			if word, _, _ := strings.Cut(f.Tag.Get("json"), ","); f.Anonymous || word == "" || word == "-" {
				continue
			}
			fv := v.FieldByIndex(f.Index)
			if preset := f.Tag.Get("default"); preset != "" && fv.IsZero() {
				setText(fv, preset)
			}
			fill(fv)
		}
	case reflect.Pointer:
		// A table that is not there stays away; it would mean something.
		if !v.IsNil() && v.Type().Elem().Kind() == reflect.Struct {
			fill(v.Elem())
		}
	case reflect.Map:
		if v.Type().Elem().Kind() != reflect.Struct {
			return
		}
		for it := v.MapRange(); it.Next(); {
			row := reflect.New(v.Type().Elem()).Elem()
			row.Set(it.Value())
			fill(row)
			v.SetMapIndex(it.Key(), row)
		}
	}
}

// setText sets v from a default tag. A tag that does not fit is a bug in the schema.
func setText(v reflect.Value, text string) {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		setText(v.Elem(), text)
		return
	}
	var err error
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		err = u.UnmarshalText([]byte(text))
	} else {
		switch v.Kind() {
		case reflect.String:
			v.SetString(text)
		case reflect.Int:
			var n int
			n, err = strconv.Atoi(text)
			v.SetInt(int64(n))
		case reflect.Bool:
			var b bool
			b, err = strconv.ParseBool(text)
			v.SetBool(b)
		case reflect.Slice:
			for word := range strings.FieldsSeq(text) {
				item := reflect.New(v.Type().Elem()).Elem()
				setText(item, word)
				v.Set(reflect.Append(v, item))
			}
		default:
			err = fmt.Errorf("a default for kind %s", v.Kind())
		}
	}
	if err != nil {
		panic(fmt.Sprintf("BUG: default %q: %v", text, err))
	}
}
