package strict

import (
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// even takes even numbers of digits.
type even string

func (e *even) UnmarshalText(text []byte) error {
	if len(text)%2 != 0 || strings.Trim(string(text), "0123456789") != "" {
		return spec.Unaccepted(`such as "12"`, "%q has not an even number of digits", text)
	}
	*e = even(text)
	return nil
}

// anything takes every text.
type anything string

func (a *anything) UnmarshalText(text []byte) error { *a = anything(text); return nil }

type common struct {
	Shared string `json:"shared,omitempty"`
}

type part struct {
	Size int64  `json:"size"`
	Note string `json:"note,omitempty"`
}

type sample struct {
	common
	Name    string            `json:"name,omitempty"`
	On      bool              `json:"on,omitempty"`
	Count   int               `json:"count,omitempty"`
	Mark    uint32            `json:"mark,omitempty"`
	Ratio   float64           `json:"ratio,omitempty"`
	Any     any               `json:"any,omitempty"`
	Even    even              `json:"even,omitempty"`
	Text    anything          `json:"text,omitempty"`
	Maybe   *bool             `json:"maybe,omitempty"`
	Addr    netip.Addr        `json:"addr,omitempty"`
	Prefix  netip.Prefix      `json:"prefix,omitempty"`
	List    []string          `json:"list,omitempty"`
	Numbers []int             `json:"numbers,omitempty"`
	Limits  map[string]string `json:"limits,omitempty" scalar:"true"`
	Strict  map[string]string `json:"strict,omitempty"`
	Part    part              `json:"part,omitempty"`
	Parts   []part            `json:"parts,omitempty"`
	Rows    map[string]part   `json:"rows,omitempty"`
	Choice  string            `json:"choice,omitempty" accept:"left or right"`
	Hidden  string            `json:"-"`
	NoTag   string
}

// decoded decodes a text and returns the problems as lines.
func decoded(t *testing.T, text string) (sample, []string, problem.Doubts) {
	t.Helper()
	doc, err := Parse("f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var s sample
	problems, doubts := Decode(doc.Tree, doc.At, &s)
	var lines []string
	for _, p := range problems {
		lines = append(lines, p.String())
	}
	return s, lines, doubts
}

// Values of every kind that fit.
func TestDecode(t *testing.T) {
	yes := true
	for text, want := range map[string]sample{
		"":                                   {},
		`shared = "s"`:                       {common: common{"s"}},
		"name = \"\"\non = true\ncount = -3": {On: true, Count: -3},
		"mark = 0":                           {},
		"mark = 4294967295":                  {Mark: 4294967295},
		"ratio = 2":                          {Ratio: 2},
		"ratio = 0.5":                        {Ratio: 0.5},
		"any = [1, \"a\"]":                   {Any: []any{int64(1), "a"}},
		"any = false":                        {Any: false},
		`even = "1234"`:                      {Even: "1234"},
		`text = ""`:                          {},
		"maybe = true":                       {Maybe: &yes},
		`addr = "192.0.2.1"`:                 {Addr: netip.MustParseAddr("192.0.2.1")},
		`prefix = "2001:db8::1/64"`:          {Prefix: netip.MustParsePrefix("2001:db8::1/64")},
		"list = []":                          {List: []string{}},
		`list = ["a", "b"]`:                  {List: []string{"a", "b"}},
		"numbers = [1, 2]":                   {Numbers: []int{1, 2}},
		"[limits]\na = 5\nb = \"x\"\nc = true\nd = false": {Limits: map[string]string{"a": "5", "b": "x", "c": "1", "d": "0"}},
		"[part]\nsize = 0":                             {},
		"[part]\nsize = 7\nnote = \"n\"":               {Part: part{7, "n"}},
		"parts = [{size = 1}, {size = 2}]":             {Parts: []part{{Size: 1}, {Size: 2}}},
		"[[parts]]\nsize = 1":                          {},
		"[rows.a]\nsize = 1\n[rows.\"b.c\"]\nsize = 2": {Rows: map[string]part{"a": {Size: 1}, "b.c": {Size: 2}}},
		"[rows]": {Rows: map[string]part{}},
	} {
		got, problems, _ := decoded(t, text)
		if text == "[[parts]]\nsize = 1" { // such a list has a kind of its own, which no schema of ours takes
			if want := []string{"f:1:1: parts: is a list of tables; accepted: a list, each a table"}; !reflect.DeepEqual(problems, want) {
				t.Errorf("%q: %q, want %q", text, problems, want)
			}
			continue
		}
		if len(problems) > 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %q, want %+v", text, got, problems, want)
		}
	}
}

// What does not fit is told with its place, its kind and what is accepted, all at once.
func TestDecodeProblems(t *testing.T) {
	for text, want := range map[string][]string{
		"name = 1":                     {"f:1:8: name: is the number 1; accepted: a string"},
		"name = true":                  {"f:1:8: name: is true; accepted: a string"},
		"on = \"yes\"":                 {`f:1:6: on: is the string "yes"; accepted: true or false`},
		"on = 1":                       {"f:1:6: on: is the number 1; accepted: true or false"},
		"count = 1.5":                  {"f:1:9: count: is the number 1.5; accepted: a whole number"},
		"count = \"1\"":                {`f:1:9: count: is the string "1"; accepted: a whole number`},
		"mark = -1":                    {"f:1:8: mark: is the number -1; accepted: a whole number"},
		"mark = 4294967296":            {"f:1:8: mark: is the number 4294967296; accepted: a whole number"},
		"ratio = \"1\"":                {`f:1:9: ratio: is the string "1"; accepted: a number`},
		"even = \"123\"":               {`f:1:8: even: "123" has not an even number of digits; accepted: such as "12"`},
		"even = 12":                    {`f:1:8: even: is the number 12; accepted: a string: such as "12"`},
		"text = 12":                    {"f:1:8: text: is the number 12; accepted: a string"},
		"maybe = 0":                    {"f:1:9: maybe: is the number 0; accepted: true or false"},
		`addr = "192.0.2.1/24"`:        {`f:1:8: addr: "192.0.2.1/24" is not an IP address, such as "192.0.2.1"`},
		`prefix = "192.0.2.1"`:         {`f:1:10: prefix: "192.0.2.1" is not an address with its prefix length, such as "192.0.2.1/24"`},
		"list = \"a\"":                 {`f:1:8: list: is the string "a"; accepted: a list, each a string`},
		"list = [\"a\", 2, \"b\", []]": {"f:1:14: list[1]: is the number 2; accepted: a string", "f:1:22: list[3]: is an empty list; accepted: a string"},
		"limits = 3":                   {"f:1:10: limits: is the number 3; accepted: a table"},
		"[limits]\na = 1.5":            {"f:2:5: limits.a: is the number 1.5; accepted: a string"},
		"[limits]\na.b = 1":            {`f:2:1: limits.a: is a table; accepted: a string or number. A key with dots is quoted: "a.b.c" = 1`},
		"[strict]\na = 5\nb = true":    {"f:2:5: strict.a: is the number 5; accepted: a string", "f:3:5: strict.b: is true; accepted: a string"},
		"[strict]\na.b = 1":            {"f:2:1: strict.a: is a table; accepted: a string"},
		"part = []":                    {"f:1:8: part: is an empty list; accepted: a table"},
		"[part]":                       {`f:1:1: part: needs a key "size": a whole number`},
		"parts = [{note = \"n\"}]":     {`f:1:10: parts[0]: needs a key "size": a whole number`},
		"[rows.a]\nsiz = 1":            {"f:2:1: rows.a.siz: unknown key; did you mean size?; accepted here: size, note"},
		"[rows.a]\nother = 1":          {"f:2:1: rows.a.other: unknown key; accepted here: size, note", `f:1:1: rows.a: needs a key "size": a whole number`},
		"[rows]\na = 1":                {"f:2:5: rows.a: is the number 1; accepted: a table"},
		"choice = 1":                   {"f:1:10: choice: is the number 1; accepted: a string: left or right"},
		"Hidden = \"\"":                {"f:1:1: Hidden: unknown key" + here},
		"NoTag = \"\"":                 {"f:1:1: NoTag: unknown key" + here},
		"name = 1979-05-27":            {"f:1:8: name: is a date or time (1979-05-27 00:00:00 +0000 date-local); accepted: a string"},
		"name = 1\ncount = \"\"":       {`f:2:9: count: is the string ""; accepted: a whole number`, "f:1:8: name: is the number 1; accepted: a string"},
		"name = [" + strings.Repeat("1,", 5) + "]":    {"f:1:8: name: is a list; accepted: a string"},
		"count = \"" + strings.Repeat("x", 70) + "\"": {`f:1:9: count: is the string "` + strings.Repeat("x", 60) + `"; accepted: a whole number`},
	} {
		_, got, _ := decoded(t, text)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q:\n%q\nwant\n%q", text, got, want)
		}
	}
}

// here ends what is said of an unknown key at the top; keys stand in the order of the struct, those of an embedded one with them.
const here = "; accepted here: shared, name, on, count, mark, ratio, any, even, text, maybe, addr, prefix, list, numbers, limits, strict, part, parts, rows, choice"

// A value that did not fit is in doubt, and so is what lies in and around it; nothing else is.
func TestDecodeDoubts(t *testing.T) {
	for text, c := range map[string]struct{ doubt, sure string }{
		"name = 1\ncount = 2":                        {"name", "count on part rows"},
		"list = [\"a\", 2]":                          {"list list[1]", "list[0] name"},
		"[rows.a]\nsize = \"x\"\n[rows.b]\nsize = 1": {"rows rows.a rows.a.size", "rows.a.note rows.b rows.b.size part"},
		"[part]":            {"part part.size", "part.note name"},
		"[rows.a]\nsiz = 1": {"rows.a.size rows.a rows", "rows.a.note rows.b part.size"},
		"nam = \"x\"":       {"name", "count"},
		"[row.a]\nsize = 1": {"rows rows.a rows.a.size", "rows.b part"},
		"part = 3":          {"part part.size part.note", "parts name"},
	} {
		_, problems, doubts := decoded(t, text)
		if len(problems) == 0 {
			t.Errorf("%q: no problem", text)
		}
		for key := range strings.FieldsSeq(c.doubt) {
			if !doubts.About(key) {
				t.Errorf("%q: %s is not in doubt", text, key)
			}
		}
		for key := range strings.FieldsSeq(c.sure) {
			if doubts.About(key) {
				t.Errorf("%q: %s is in doubt", text, key)
			}
		}
	}
}

// A struct that TOML has no word for is a mistake in the schema.
func TestDecodeOfNoKind(t *testing.T) {
	var into struct {
		C chan int `json:"c,omitempty"`
	}
	defer func() {
		if got := recover(); got != "BUG: field c has kind chan" {
			t.Errorf("%v", got)
		}
	}()
	Decode(map[string]any{"c": int64(1)}, problem.Positions{}, &into)
}

func TestExplain(t *testing.T) {
	if got := explain(errors.New("no"), reflect.ValueOf(even("")), "x"); got != "no" {
		t.Errorf("%q", got)
	}
}

// A secret is a string, or a table that says where it is.
func TestSecretsAreTextOrTable(t *testing.T) {
	type row struct {
		Hash spec.SecretHash `json:"hash,omitzero"`
		Key  spec.SecretFile `json:"key,omitzero" secret:"file"`
	}
	const hash = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"
	for text, want := range map[string]row{
		`hash = "` + hash + `"`:                 {Hash: spec.SecretHash{Value: hash}},
		"hash = { file = \"/a\" }":              {Hash: spec.SecretHash{Source: spec.Source{File: "/a"}}},
		"[hash]\nfw_cfg = \"opt/a\"":            {Hash: spec.SecretHash{Source: spec.Source{FWCfg: "opt/a"}}},
		"key = \"/a\"":                          {Key: spec.Source{File: "/a"}},
		"key = { file = \"/a\" }":               {Key: spec.Source{File: "/a"}},
		"key = { generate = true }":             {Key: spec.Source{Generate: true}},
		"hash = {}":                             {},
		"hash = 5":                              {},
		"hash = { file = 5 }":                   {},
		"hash = \"correct horse\"":              {},
		"key = { file = \"/a\", filed = true }": {Key: spec.Source{File: "/a"}},
	} {
		doc, err := Parse("f", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var got row
		problems, _ := Decode(doc.Tree, doc.At, &got)
		wrong := slices.Contains([]string{"hash = {}", "hash = 5", "hash = { file = 5 }", "hash = \"correct horse\"", "key = { file = \"/a\", filed = true }"}, text)
		if wrong != (len(problems) > 0) || got != want {
			t.Errorf("%s: %+v, %v", text, got, problems)
		}
		for _, p := range problems {
			if strings.Contains(p.String(), "horse") {
				t.Errorf("%v", p)
			}
		}
	}
}
