package strict

import (
	"cmp"
	"encoding"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// decoder fills a struct from what the TOML library parsed and collects
// everything that does not fit.
type decoder struct {
	at       problem.Positions
	part     Part // nil: all of the schema
	problems problem.Problems
	doubts   problem.Doubts
}

func (d *decoder) bad(pos problem.Pos, key, format string, args ...any) {
	d.problems = append(d.problems, problem.Problem{Pos: pos, Key: key, Msg: fmt.Sprintf(format, args...)})
}

// table fills the struct v. A key's word is its json tag's; fields of an
// embedded struct count as the struct's own.
func (d *decoder) table(path string, tree map[string]any, v reflect.Value) {
	fields := fieldsOf(v.Type(), d.part)
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		child := problem.JoinKey(path, key)
		f, ok := fields.byKey[key]
		if !ok {
			d.bad(d.at.Key[child], child, "unknown key%s; accepted here: %s", suggest.DidYouMean(key, fields.keys), strings.Join(fields.keys, ", "))
			meant := cmp.Or(suggest.Closest(key, fields.keys), key)
			d.doubts.Meant(child, problem.JoinKey(path, meant))
			continue
		}
		if d.takesAway(tree[key], f.typ) {
			d.nothingToTake(child, key, nil)
			continue
		}
		d.value(child, tree[key], v.FieldByIndex(f.index), f)
	}
	for _, key := range fields.keys {
		child := problem.JoinKey(path, key)
		if _, given := tree[key]; !given && d.part == nil && fields.byKey[key].required && !d.doubts.Replaced(child) {
			pos, ok := d.at.Key[path]
			if !ok { // an element of a list has a value only
				pos = d.at.Value[path]
			}
			d.bad(pos, path, "needs a key %q: %s", key, fields.byKey[key].wants())
			d.doubts.Add(child)
		}
	}
}

// value fills v from one parsed value, and judges what was written by itself.
func (d *decoder) value(path string, got any, v reflect.Value, f field) {
	before := len(d.problems)
	d.set(path, got, v, f)
	if table := v.Kind() == reflect.Map || v.Kind() == reflect.Struct && !isText(v); table || v.Kind() == reflect.Pointer || len(d.problems) > before {
		return
	}
	if trouble := f.bounds.trouble(v, f); trouble != "" {
		d.bad(d.place(path), path, "%s", trouble)
		d.doubts.Refuse(path) // and no doubt: the value is known
	} else if a, known := addressIn(v); known && a.Is4In6() {
		// RFC 4291, section 2.5.5.2: it is for programs, and no packet bears it.
		d.wrong(path, "%s is an IPv4 address written as IPv6; accepted: written as %s", a, a.Unmap())
	} else if p, network := v.Interface().(netip.Prefix); network && f.network && p != p.Masked() {
		d.bad(d.place(path), path, "%s is an address in a network; accepted: the network, %s", p, p.Masked())
	} else if f.given && (v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0) {
		d.wrong(path, "is %s, which says nothing here; accepted: %s, or leave the key out", f.describe(got), f.wants())
	}
}

// nothing tells of a table without a key, where that says no more than no table would. Somebody may have put "#" before its keys: that
// is refused only where it is easily taken for more. The owner of a box gets a file of such tables, and fills some of them.
func (d *decoder) nothing(path string, f field) {
	if f.row || f.taken || f.typ.Kind() != reflect.Struct || d.part != nil {
		return
	}
	n := len(d.problems)
	d.bad(d.place(path), path, "is an empty table, which says nothing; accepted: %s, or leave the table out", strings.Join(fieldsOf(f.typ, nil).keys, ", "))
	d.problems[n].Warning = !f.given
}

func hasNUL(text string) bool { return strings.Contains(text, "\x00") }

// hasLines says whether a text would be several lines of a file, or an answer that is cut off.
func hasLines(text string) bool { return strings.ContainsAny(text, "\r\n") }

// either is a value that may be written as a string or as a table, for which it gives the struct.
type either interface {
	FromText(text []byte) error
	Table() any
}

var eitherType = reflect.TypeFor[either]()

func isText(v reflect.Value) bool {
	t := reflect.PointerTo(v.Type())
	return t.Implements(textType) || t.Implements(eitherType)
}

// wrong notes a value that is not known for what stands there.
func (d *decoder) wrong(path, format string, args ...any) {
	d.bad(d.place(path), path, format, args...)
	d.doubts.Add(path)
}

func (d *decoder) place(path string) problem.Pos {
	if pos, ok := d.at.Value[path]; ok {
		return pos
	}
	return d.at.Key[path]
}

func (d *decoder) set(path string, got any, v reflect.Value, f field) {
	wrong := func(format string, args ...any) { d.wrong(path, format, args...) }
	mismatch := func() {
		wrong("is %s; accepted: %s", f.describe(got), f.kind())
	}
	if text, ok := got.(string); ok && hasNUL(text) {
		wrong("has a NUL character, at which text ends for the kernel and for programs; accepted: text without it")
		return
	} else if ok && !f.lines && hasLines(text) {
		wrong("has a line's end in it; accepted: one line")
		return
	}
	if v.Kind() == reflect.Pointer {
		own := reflect.New(v.Type().Elem())
		if !v.IsNil() {
			own.Elem().Set(v.Elem())
		} else {
			defaults.Fill(own.Interface())
		}
		v.Set(own)
		d.value(path, got, v.Elem(), f)
		return
	}
	if e, ok := v.Addr().Interface().(either); ok {
		tree, isTable := got.(map[string]any)
		text, isText := got.(string)
		switch {
		case isTable && len(tree) > 0 && d.part == nil:
			d.table(path, tree, reflect.ValueOf(e.Table()).Elem())
		case !isText:
			mismatch()
		default:
			if err := e.FromText([]byte(text)); err != nil {
				wrong("%s", explain(err, v, text))
			}
		}
		return
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		text, isText := got.(string)
		_, is := addressIn(v) // the standard library's take "" for one that is not there
		if !isText {
			mismatch()
		} else if err := u.UnmarshalText([]byte(text)); err != nil || text == "" && is {
			wrong("%s", explain(err, v, text))
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		if s, ok := scalar(got, f.scalar); ok {
			v.SetString(s)
		} else if _, table := got.(map[string]any); table && f.scalar {
			wrong(`is a table; accepted: a string or number. A key with dots is quoted: "a.b.c" = 1`)
		} else {
			mismatch()
		}
	case reflect.Bool:
		if b, ok := got.(bool); ok {
			v.SetBool(b)
		} else {
			mismatch()
		}
	case reflect.Int, reflect.Int64:
		if n, ok := got.(int64); ok {
			v.SetInt(n)
		} else {
			mismatch()
		}
	case reflect.Uint32:
		if n, ok := got.(int64); ok && n >= 0 && n <= math.MaxUint32 {
			v.SetUint(uint64(n))
		} else {
			mismatch()
		}
	case reflect.Float64:
		switch n := got.(type) {
		case int64:
			v.SetFloat(float64(n))
		case float64:
			v.SetFloat(n)
		default:
			mismatch()
		}
	case reflect.Interface:
		v.Set(reflect.ValueOf(got))
	case reflect.Slice:
		list, ok := got.([]any)
		if !ok {
			mismatch()
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
		for i, item := range list {
			if item == Inherited && d.part == nil {
				d.wrong(problem.JoinIndex(path, i), noList+"; accepted: the members themselves")
				continue
			}
			d.value(problem.JoinIndex(path, i), item, v.Index(i), f.element(v.Type().Elem()))
			d.once(path, v, i, f)
		}
	case reflect.Map:
		tree, ok := got.(map[string]any)
		if !ok {
			mismatch()
			return
		}
		rows := reflect.MakeMapWithSize(v.Type(), v.Len()+len(tree))
		for it := v.MapRange(); it.Next(); {
			rows.SetMapIndex(it.Key(), it.Value())
		}
		for _, key := range slices.Sorted(maps.Keys(tree)) {
			if child := problem.JoinKey(path, key); hasNUL(key) || hasLines(key) {
				d.bad(d.at.Key[child], child, "has a NUL character or a line's end in its name; accepted: a name without it")
				d.doubts.Add(child)
				continue
			} else if d.takesAway(tree[key], v.Type().Elem()) {
				d.nothingToTake(child, key, tree)
				continue
			}
			name, row := reflect.ValueOf(key).Convert(v.Type().Key()), reflect.New(v.Type().Elem()).Elem()
			if old := rows.MapIndex(name); old.IsValid() {
				row.Set(old)
			} else {
				defaults.Fill(row.Addr().Interface())
			}
			d.value(problem.JoinKey(path, key), tree[key], row, f.element(v.Type().Elem()))
			rows.SetMapIndex(name, row)
		}
		v.Set(rows)
	case reflect.Struct:
		if tree, ok := got.(map[string]any); ok {
			before := len(d.problems)
			if d.table(path, tree, v); len(tree) == 0 && len(d.problems) == before {
				d.nothing(path, f)
			}
		} else {
			mismatch()
		}
	default:
		panic(fmt.Sprintf("BUG: field %s has kind %s", path, v.Kind()))
	}
}

// scalar returns a string; where the schema allows it a number or boolean, as
// sysctls and module parameters are written.
func scalar(got any, lenient bool) (string, bool) {
	switch g := got.(type) {
	case string:
		return g, true
	case int64:
		return fmt.Sprint(g), lenient
	case bool:
		if g {
			return "1", lenient
		}
		return "0", lenient
	}
	return "", false
}
