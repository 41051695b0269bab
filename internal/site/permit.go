package site

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// permit finds keys that the profile does not allow, and tables and rows that it does not have. was is the struct of which
// the keys are as the image has it, now as the file has it. all is what every key of a new row needs, in place of its own.
func (r *reader) permit(path string, tree map[string]any, was, now reflect.Value, all spec.SiteKey) {
	for _, f := range spec.SiteFields(was.Type()) {
		given, ok := tree[key(f)]
		if !ok {
			continue
		}
		at := problem.JoinKey(path, key(f))
		was, now := was.FieldByIndex(f.Index), now.FieldByIndex(f.Index)
		table, isTable := given.(map[string]any)
		switch {
		case spec.SiteFields(spec.SiteTable(f)) == nil:
			r.need(at, cmp.Or(all, spec.SiteKey(f.Tag.Get("site"))))
		case !isTable: // which strict has told
		case f.Type.Kind() == reflect.Map:
			r.rows(at, f, table, was, now)
		case f.Type.Kind() == reflect.Pointer && was.IsNil():
			r.bad(at, "there is no such table in the image; accepted: tables that its profile has")
		default:
			r.permit(at, table, reflect.Indirect(was), reflect.Indirect(now), all)
		}
	}
}

// rows does so for a table of rows, and takes those away that the image does not have and the file may not add.
func (r *reader) rows(path string, f reflect.StructField, tree map[string]any, was, now reflect.Value) {
	add := spec.SiteKey(f.Tag.Get("site"))
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		at, index := problem.JoinKey(path, name), reflect.ValueOf(name).Convert(f.Type.Key())
		table, _ := tree[name].(map[string]any)
		old, row, all := was.MapIndex(index), now.MapIndex(index), spec.SiteKey("")
		if !old.IsValid() {
			old = reflect.Zero(f.Type.Elem())
			if name != f.Tag.Get("always") {
				all = add
				needed := required(f.Type.Elem())
				switch {
				case !r.machine.Allows(add):
					r.noRow(at, name, was)
					now.SetMapIndex(index, reflect.Value{})
				case slices.ContainsFunc(needed, func(key string) bool { return table[key] == nil }):
					r.bad(at, "is not in the image, and a new %s needs %s", f.Type.Elem().Name(), strings.Join(needed, " and "))
					now.SetMapIndex(index, reflect.Value{})
				}
			}
		}
		r.permit(at, table, old, row, all)
	}
}

func (r *reader) noRow(at, name string, rows reflect.Value) {
	var known []string
	for it := rows.MapRange(); it.Next(); {
		known = append(known, it.Key().String())
	}
	slices.Sort(known)
	r.bad(at, "there is no such row in the image%s; accepted: %s", suggest.DidYouMean(name, known), cmp.Or(strings.Join(known, ", "), "none of that kind"))
}

// need asks for the permission that a key needs.
func (r *reader) need(key string, permission spec.SiteKey) {
	if r.machine.Allows(permission) {
		return
	}
	accepted := []string{"nothing"}
	if r.machine.Site != nil && len(r.machine.Site.Allow) > 0 {
		accepted = nil
		for _, k := range r.machine.Site.Allow {
			accepted = append(accepted, string(k))
		}
	}
	at, ok := r.at.Key[key]
	if !ok {
		at = r.at.At(key)
	}
	r.doubts.Add(key)
	r.problems = append(r.problems, problem.Problem{Pos: at, Key: key,
		Msg: "the image does not allow " + string(permission) + " to be changed; accepted: " + strings.Join(accepted, ", ")})
}

// key is the word of a field in TOML.
func key(f reflect.StructField) string {
	word, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return word
}

// required are the keys that a row cannot do without.
func required(row reflect.Type) (keys []string) {
	for _, f := range reflect.VisibleFields(row) {
		if word, options, _ := strings.Cut(f.Tag.Get("json"), ","); word != "" && word != "-" && (options == "" || f.Tag.Get("new") != "") {
			keys = append(keys, word)
		}
	}
	return keys
}
