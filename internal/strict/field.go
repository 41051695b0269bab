package strict

import (
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/suggest"
)

// field is what the schema says of one key.
type field struct {
	key      string
	index    []int
	typ      reflect.Type
	required bool
	scalar   bool
	secret   bool // what stands there is not shown
	accept   string
	bounds   *bounds
	given    bool // left out it means something, zero or empty nothing
	network  bool // an address is that of a network as a whole
	lines    bool // text may have several
	twice    string
	taken    bool // as an empty table it means something
	row      bool // one of a table or list
}

type fields struct {
	keys  []string // in the order of the struct
	byKey map[string]field
}

// fieldsOf reads a struct's tags: json names the key (without omitempty or
// omitzero it is required), default and accept speak for themselves,
// scalar:"true" lets numbers stand for strings, zero:"refused" takes nothing that is zero or empty, zero:"taken" an empty table, secret keeps a value out
// of messages, network:"true" wants networks rather than addresses in them, lines:"several" lets text have line ends, and of a list
// twice:"refused" and twice:"fine" say what is to become of a member that stands in it a second time, which is told otherwise.
func fieldsOf(t reflect.Type, part Part) fields {
	if part == nil {
		part = reflect.VisibleFields
	}
	out := fields{byKey: map[string]field{}}
	for _, sf := range part(t) {
		if !sf.IsExported() || sf.Anonymous {
			continue
		}
		key, options, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if key == "" || key == "-" {
			continue
		}
		out.keys = append(out.keys, key)
		out.byKey[key] = field{key: key, index: sf.Index, typ: sf.Type, required: options == "",
			scalar: sf.Tag.Get("scalar") == "true",
			secret: sf.Tag.Get("secret") != "" || isSecret(sf.Type), accept: sf.Tag.Get("accept"),
			bounds: boundsOf(sf.Type, sf.Tag.Get("accept")), given: sf.Tag.Get("zero") == "refused", taken: sf.Tag.Get("zero") == "taken",
			network: sf.Tag.Get("network") == "true", lines: sf.Tag.Get("lines") == "several", twice: sf.Tag.Get("twice")}
	}
	return out
}

// element is the schema of one element of a list or one row of a table.
func (f field) element(t reflect.Type) field {
	return field{key: f.key, typ: t, scalar: f.scalar, secret: f.secret, accept: f.accept, network: f.network, lines: f.lines, row: true}
}

// isSecret says whether values of a type, or what lies in them, are not to be shown: types say so by a method Secret,
// fields by a tag.
func isSecret(t reflect.Type) bool {
	switch {
	case t.Implements(reflect.TypeFor[interface{ Secret() }]()):
		return true
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.Tag.Get("secret") != "" || isSecret(f.Type) {
				return true
			}
		}
	case t.Kind() == reflect.Map, t.Kind() == reflect.Slice, t.Kind() == reflect.Pointer:
		return isSecret(t.Elem())
	}
	return false
}

// wants says what a key takes.
func (f field) wants() string {
	if f.accept != "" {
		return f.accept
	}
	return kindName(f.typ)
}

// kind says what a key takes to who wrote something of another kind there: 68 to 65535 may be text as well.
func (f field) kind() string {
	name := kindName(f.typ)
	if f.accept == "" {
		return name
	}
	name, _, _ = strings.Cut(name, ":")
	return name + ": " + f.accept
}

var textType = reflect.TypeFor[encoding.TextUnmarshaler]()

// kindName is a type in the words of TOML.
func kindName(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Pointer:
		return kindName(t.Elem())
	case t == reflect.TypeFor[netip.Prefix]():
		return `an address with its prefix length, such as "192.0.2.1/24"`
	case t == reflect.TypeFor[netip.Addr]():
		return `an IP address, such as "192.0.2.1"`
	case t == reflect.TypeFor[netip.AddrPort]():
		return `an address and a port, such as "192.0.2.1:53" or "[2001:db8::1]:53"`
	case reflect.PointerTo(t).Implements(eitherType):
		table := reflect.TypeOf(reflect.New(t).Interface().(either).Table()).Elem()
		return "a string" + acceptedText(t) + "; or a table with one of " + strings.Join(fieldsOf(table, nil).keys, ", ")
	case reflect.PointerTo(t).Implements(textType):
		return "a string" + acceptedText(t)
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Uint32:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list, each " + kindName(t.Elem())
	case reflect.Interface:
		return "a value"
	default:
		return "a table"
	}
}

// acceptedText asks a value type what it reads: its errors know that.
func acceptedText(t reflect.Type) string {
	var err error
	switch v := reflect.New(t).Interface().(type) {
	case either:
		err = v.FromText([]byte{0})
	case encoding.TextUnmarshaler:
		err = v.UnmarshalText([]byte{0})
	}
	var told interface {
		error
		Accepts() string
	}
	if !errors.As(err, &told) {
		return ""
	}
	return ": " + told.Accepts()
}

// describe names the kind of a parsed value, and shows it where it is no secret.
func (f field) describe(got any) string {
	switch g := got.(type) {
	case string, int64, float64:
		if f.secret {
			return map[bool]string{true: "a string", false: "a number"}[reflect.TypeOf(g).Kind() == reflect.String]
		}
	}
	switch g := got.(type) {
	case string:
		return fmt.Sprintf("the string %.60q", g)
	case int64:
		return fmt.Sprintf("the number %d", g)
	case float64:
		text := strconv.FormatFloat(g, 'g', -1, 64)
		if strings.Trim(text, "-0123456789") == "" {
			text += ".0" // as it was written, or a person would take it for a whole one
		}
		return "the number " + text
	case bool:
		return fmt.Sprint(g)
	case []any:
		if len(g) == 0 {
			return "an empty list"
		}
		return "a list"
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "a list of tables"
	default:
		return fmt.Sprintf("a date or time (%v)", g)
	}
}

// explain turns a value type's own error into one that says what is accepted;
// our types do already, those of the standard library don't.
func explain(err error, v reflect.Value, text string) string {
	if _, is := addressIn(v); is {
		return fmt.Sprintf("%q is not %s", text, kindName(v.Type()))
	}
	return err.Error() + suggest.For(err)
}
