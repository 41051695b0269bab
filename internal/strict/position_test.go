package strict

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/problem"
)

// Where every key and value stands, of all that TOML can be written as.
func TestLocate(t *testing.T) {
	for text, want := range map[string]struct{ keys, values string }{
		"a = 1\n  b=2":                                {"a 1:1, b 2:3", "a 1:5, b 2:5"},
		"# c = 1\n\n\ta = 1 # b = 2\nc = 3":           {"a 3:2, c 4:1", "a 3:6, c 4:5"},
		"a.b . c = 1\na.d = 2":                        {"a 1:1, a.b 1:1, a.b.c 1:1, a.d 2:1", "a.b.c 1:11, a.d 2:7"},
		"[t]\na = 1\n[t.u]\nb = 2\n [ v ] # x":        {"t 1:1, t.a 2:1, t.u 3:1, t.u.b 4:1, v 5:2", "t.a 2:5, t.u.b 4:5"},
		"[[l]]\na = 1\n[[l]]\na = 2\n[l.s]":           {"l 1:1, l.s 5:1, l[0] 1:1, l[0].a 2:1, l[1] 3:1, l[1].a 4:1", "l[0].a 2:5, l[1].a 4:5"},
		"a = [1, 2,\n  # x ]\n  3,\n]\nb = 4":         {"a 1:1, b 5:1", "a 1:5, a[0] 1:6, a[1] 1:9, a[2] 3:3, b 5:5"},
		"a = [[1], []]":                               {"a 1:1", "a 1:5, a[0] 1:6, a[0][0] 1:7, a[1] 1:11"},
		"a = {b = 1, c.d = \"}\", e = []}\nf = 1":     {"a 1:1, a.b 1:6, a.c 1:13, a.c.d 1:13, a.e 1:24, f 2:1", "a 1:5, a.b 1:10, a.c.d 1:19, a.e 1:28, f 2:5"},
		"a = [{b = 1}, {b = 2}]":                      {"a 1:1, a[0].b 1:7, a[1].b 1:16", "a 1:5, a[0] 1:6, a[0].b 1:11, a[1] 1:15, a[1].b 1:20"},
		`"a.b" = 1` + "\n'c\"d' = 2":                  {`"a.b" 1:1, "c\"d" 2:1`, `"a.b" 1:9, "c\"d" 2:9`},
		`a = "x # y \" z" # b` + "\nc = 'u\\'":        {"a 1:1, c 2:1", "a 1:5, c 2:5"},
		"a = \"\"\"x\nb = 1\n\"\"\"\nc = '''\n'' '''": {"a 1:1, c 4:1", "a 1:5, c 4:5"},
		"\"ä\" = 1\nb = 2":                            {`"ä" 1:1, b 2:1`, `"ä" 1:7, b 2:5`},
		"a = \"öö\" \nb = [\"ü\", 1]":                 {"a 1:1, b 2:1", "a 1:5, b 2:5, b[0] 2:6, b[1] 2:11"},
		"a = 1\r\nb = 2\r\n":                          {"a 1:1, b 2:1", "a 1:5, b 2:5"},
		"":                                            {"", ""},
	} {
		at := locate("f", text)
		if got := places(at.Key); got != want.keys {
			t.Errorf("%q: keys\n%s\nwant\n%s", text, got, want.keys)
		}
		if got := places(at.Value); got != want.values {
			t.Errorf("%q: values\n%s\nwant\n%s", text, got, want.values)
		}
	}
}

func places(m map[string]problem.Pos) string {
	var list []string
	for key, p := range m {
		if p.File != "f" {
			return "another file: " + p.File
		}
		list = append(list, fmt.Sprintf("%s %d:%d", key, p.Line, p.Col))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// A key that was not written stands where the nearest table around it does.
func TestAt(t *testing.T) {
	at := locate("f", "a = [1]\n[t.u]\nb = 2\n[\"v.w\"]\n")
	for key, want := range map[string]problem.Pos{
		"a": {File: "f", Line: 1, Col: 5}, "a[0]": {File: "f", Line: 1, Col: 6}, "a[7]": {File: "f", Line: 1, Col: 5}, "t": {File: "f", Line: 2, Col: 1}, "t.u": {File: "f", Line: 2, Col: 1}, "t.u.b": {File: "f", Line: 3, Col: 5}, "t.u.c": {File: "f", Line: 2, Col: 1},
		"t.u.b.c[1].d": {File: "f", Line: 3, Col: 5}, "t.x": {File: "f", Line: 2, Col: 1}, `"v.w".x`: {File: "f", Line: 4, Col: 1}, "x": {}, "x.y[0]": {}, "": {},
	} {
		if got := at.At(key); got != want {
			t.Errorf("%s stands at %v, want %v", key, got, want)
		}
	}
}

func TestJoin(t *testing.T) {
	for want, parts := range map[string][2]string{
		"a": {"", "a"}, "t.a-b_1Z": {"t", "a-b_1Z"}, `t."a.b"`: {"t", "a.b"}, `""`: {"", ""}, `t."/srv"`: {"t", "/srv"}, `"ä"`: {"", "ä"}, `t."a\"b"`: {"t", `a"b`}, `"a b"`: {"", "a b"},
	} {
		if got := problem.JoinKey(parts[0], parts[1]); got != want {
			t.Errorf("%q: %s, want %s", parts, got, want)
		}
	}
	if got := problem.JoinIndex("a.b", 10); got != "a.b[10]" {
		t.Errorf("%s", got)
	}
}

// What TOML refuses stands where a person looks for it.
func TestParseProblems(t *testing.T) {
	for text, want := range map[string]string{
		"a = ":                    "f:1:4: a: unexpected EOF; expected value",
		"a = 1\na = 2":            "f:2:1: a: Key 'a' has already been defined.",
		"[t]\n   a = 1\n   a = 2": "f:3:4: t.a: Key 't.a' has already been defined.",
		"a = 1 b = 2":             "f:1:6: expected a top-level item to end",
	} {
		_, err := Parse("f", []byte(text))
		problems, ok := err.(problem.Problems)
		if !ok || len(problems) != 1 || !strings.HasPrefix(problems[0].String(), want[:strings.LastIndex(want, ":")]) || problems[0].Msg == "" {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	doc, err := Parse("f", []byte("\uFEFFa = 1\n"))
	if err != nil || !reflect.DeepEqual(doc.Tree, map[string]any{"a": int64(1)}) || doc.At.Value["a"] != (problem.Pos{File: "f", Line: 1, Col: 5}) {
		t.Errorf("with a byte order mark: %+v, %v", doc, err)
	}
	if _, err := Parse("f", []byte("a = \"\xff\"")); err == nil {
		t.Error("text that is not UTF-8 is taken")
	}
}
