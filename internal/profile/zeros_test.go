package profile

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/strict"
)

// leaf is a key that holds a value, with its words; rows are called x.
type leaf struct {
	words []string
	field reflect.StructField
}

func (l leaf) key() string { return joinAll(l.words) }

// leaves are the keys of a schema.
func leaves(t reflect.Type, words []string) (all []leaf) {
	for _, f := range reflect.VisibleFields(t) {
		word, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || word == "" || word == "-" {
			continue
		}
		at, typ := append(append([]string{}, words...), word), f.Type
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if typ.Kind() == reflect.Map {
			at, typ = append(at, "x"), typ.Elem()
		}
		switch _, isText := reflect.New(typ).Interface().(interface{ UnmarshalText([]byte) error }); {
		case typ.Kind() == reflect.Struct && !isText:
			all = append(all, leaves(typ, at)...)
		case f.Type.Kind() != reflect.Map && typ.Kind() != reflect.Interface:
			all = append(all, leaf{at, f})
		}
	}
	return all
}

// zero is a zero as a person writes it at a key.
func (l leaf) zero() string {
	typ := l.field.Type
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch typ {
	case reflect.TypeFor[spec.Duration]():
		return `"0s"`
	case reflect.TypeFor[spec.Size]():
		return `"0K"`
	}
	return map[reflect.Kind]string{reflect.Slice: "[]", reflect.Bool: "false", reflect.Int: "0", reflect.Uint32: "0", reflect.Float64: "0"}[typ.Kind()] +
		map[reflect.Kind]string{reflect.String: `""`, reflect.Struct: `""`}[typ.Kind()]
}

// value is what a profile holds at a key.
func (l leaf) value(from any) reflect.Value {
	v := reflect.ValueOf(from)
	for _, word := range l.words {
		v = reflect.Indirect(v)
		if v.Kind() == reflect.Map {
			v = v.MapIndex(reflect.ValueOf(word))
			continue
		}
		for _, f := range reflect.VisibleFields(v.Type()) {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name == word && !f.Anonymous {
				v = v.FieldByIndex(f.Index)
				break
			}
		}
	}
	return v
}

// isZero says whether a key holds a zero that was written: a pointer that leads nowhere is a key that was left out.
func isZero(v reflect.Value) bool {
	if v.Kind() == reflect.Pointer {
		return !v.IsNil() && v.Elem().IsZero()
	}
	return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
}

func readZeros(t *testing.T, text string) (*Profile, Problems) {
	t.Helper()
	doc, err := strict.Parse("p.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return read(doc.Tree, source{at: doc.At, files: []File{{Name: "p.toml"}}})
}

// needed is what a row cannot be written down without.
var needed = map[string]string{"array": "array.x.level = \"raid1\"\n",
	"wireguard": "wireguard.x.peer.x.public_key = \"QiyOemIn17yhNQs+K7cnn3iXuHu2hUt4PGDoAxGuMHk=\"\n"}

// A zero that is written at a key with a default is refused where it stands, or it is what the machine gets: in the image, and in
// the profile as it is shown. The same goes for keys that mean something else when they are left out.
func TestWrittenZeros(t *testing.T) {
	tried := 0
	for _, l := range leaves(reflect.TypeFor[Profile](), nil) {
		tag := l.field.Tag
		must := tag.Get("zero") == "refused"
		if tag.Get("default") == "" && tag.Get("accept") == "" && !must {
			continue
		}
		tried++
		p, problems := readZeros(t, l.key()+" = "+l.zero()+"\n"+needed[l.words[0]])
		var told Problems
		for _, found := range problems {
			if found.Key == l.key() && !found.Warning {
				told = append(told, found)
			}
		}
		switch {
		case len(told) > 1:
			t.Errorf("%s = %s: told %d times: %v", l.key(), l.zero(), len(told), told)
		case len(told) == 1 && (told[0].Pos.Line != 1 || !strings.Contains(told[0].Msg, "accepted: ")):
			t.Errorf("%s = %s: %s", l.key(), l.zero(), told[0])
		case len(told) == 1:
		case must:
			t.Errorf("%s = %s: is taken", l.key(), l.zero())
		case !isZero(l.value(p)):
			t.Errorf("%s = %s: became %v", l.key(), l.zero(), reflect.Indirect(l.value(p)))
		default:
			obeyed(t, l, p)
		}
	}
	if tried < 80 {
		t.Errorf("only %d keys were tried", tried)
	}
}

// obeyed looks whether a zero reaches the box, and who is shown the profile.
func obeyed(t *testing.T, l leaf, p *Profile) {
	again, _ := readZeros(t, p.TOML())
	if !isZero(l.value(again)) {
		t.Errorf("%s = %s: is not shown:\n%s", l.key(), l.zero(), p.TOML())
	}
	if _, ofMachine := reflect.TypeFor[spec.Machine]().FieldByNameFunc(func(name string) bool {
		f, _ := reflect.TypeFor[spec.Machine]().FieldByName(name)
		word, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return word == l.words[0]
	}); !ofMachine {
		return
	}
	text, err := json.Marshal(p.Description())
	if err != nil {
		t.Fatal(err)
	}
	var there spec.Description
	if err := json.Unmarshal(text, &there); err != nil {
		t.Fatal(err)
	}
	if !isZero(l.value(&there)) {
		t.Errorf("%s = %s: does not reach the box: %s", l.key(), l.zero(), text)
	}
}

// A row that a profile adds to a table of the one it extends, and keys that it takes from it, are no zeros.
func TestZerosOverABase(t *testing.T) {
	files := map[string]string{
		"base.toml": sound + "[service.a]\ncommand = [\"/bin/a\"]\nstop_timeout = \"7s\"\n[boot]\nstop_timeout = \"0s\"\n",
		"mine.toml": "extends = \"base.toml\"\n[service.a]\nstop_timeout = \"0s\"\n",
	}
	p, _, err := Load("mine.toml", finder(files))
	if err != nil {
		t.Fatal(err)
	}
	if a := p.Service["a"]; a.StopTimeout != 0 || a.RestartDelay == 0 || p.Boot.StopTimeout != 0 || p.Boot.UnitTimeout == 0 {
		t.Errorf("%+v, %+v", a, p.Boot)
	}
}
