package profile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/BurntSushi/toml"
)

// TOML renders the merged profile with all defaults, tables sorted by name; secrets are not shown.
func (p *Profile) TOML() string {
	var out bytes.Buffer
	e := toml.NewEncoder(&out)
	e.Indent = ""
	if err := e.Encode(p.Shown()); err != nil {
		panic(fmt.Sprintf("BUG: rendering a profile: %v", err))
	}
	return out.String()
}

// tree is the profile as tables, secrets and all.
func (p *Profile) tree() map[string]any {
	text, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("BUG: rendering a profile: %v", err))
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree map[string]any
	if err := d.Decode(&tree); err != nil {
		panic(fmt.Sprintf("BUG: rendering a profile: %v", err))
	}
	tree = plain(tree).(map[string]any)
	zeros(reflect.ValueOf(p).Elem(), tree)
	return tree
}

// zeros adds keys with defaults whose value is zero: left out they would be read as the default.
func zeros(v reflect.Value, tree map[string]any) {
	for _, f := range reflect.VisibleFields(v.Type()) {
		word, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || word == "" || word == "-" {
			continue
		}
		fv := reflect.Indirect(v.FieldByIndex(f.Index))
		inner, isTable := tree[word].(map[string]any)
		switch {
		case !fv.IsValid():
		case f.Tag.Get("default") != "" && fv.IsZero():
			tree[word] = shownZero(fv)
		case fv.Kind() == reflect.Struct && isTable:
			zeros(fv, inner)
		case fv.Kind() == reflect.Map && fv.Type().Elem().Kind() == reflect.Struct && isTable:
			for it := fv.MapRange(); it.Next(); {
				if row, ok := inner[it.Key().String()].(map[string]any); ok {
					zeros(it.Value(), row)
				}
			}
		}
	}
}

// shownZero is a zero as a profile has it.
func shownZero(v reflect.Value) any {
	if text, ok := v.Interface().(fmt.Stringer); ok {
		return text.String()
	}
	return v.Interface()
}

// plain turns JSON's numbers into TOML's whole numbers and fractions.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	}
	return v
}
