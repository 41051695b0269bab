package strict

import (
	"reflect"
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

type bounded struct {
	Port  int            `json:"port,omitempty" default:"22" accept:"1 to 65535"`
	Some  *int           `json:"some,omitempty" default:"1" accept:"0 to 16"`
	Wait  spec.Duration  `json:"wait,omitempty" default:"9s" accept:"5s to 10m"`
	Poll  *spec.Duration `json:"poll,omitempty" accept:"16s or more, as servers have it"`
	Ring  spec.Size      `json:"ring,omitempty" default:"1M" accept:"4K or more"`
	CPU   float64        `json:"cpu,omitempty" zero:"refused"`
	Word  string         `json:"word,omitempty" zero:"refused" accept:"left or right"`
	From  []string       `json:"from,omitempty" zero:"refused"`
	Grace spec.Duration  `json:"grace,omitempty" default:"5s"`
	Rows  map[string]struct {
		Size int `json:"size,omitempty" default:"3"`
	} `json:"rows,omitempty"`
	Table *struct {
		Size int `json:"size,omitempty" default:"3"`
	} `json:"table,omitempty"`
}

// What lies outside of the bounds that a key's tag states, and zeros where they say nothing, are told where they stand, once.
func TestBounds(t *testing.T) {
	for text, want := range map[string][]string{
		"":                        nil,
		"port = 1\nsome = 0":      nil,
		"port = 65535\nsome = 16": nil,
		"port = 0":                {"f:1:8: port: is 0; accepted: 1 to 65535"},
		"port = 65536\nsome = 17": {"f:1:8: port: is 65536; accepted: 1 to 65535", "f:2:8: some: is 17; accepted: 0 to 16"},
		`wait = "0s"`:             {"f:1:8: wait: is 0s; accepted: 5s to 10m"},
		`wait = "11m"`:            {"f:1:8: wait: is 11m; accepted: 5s to 10m"},
		`poll = "1h"`:             nil,
		`poll = "0s"`:             {"f:1:8: poll: is 0s; accepted: 16s or more, as servers have it"},
		`ring = "0K"`:             {"f:1:8: ring: is 0; accepted: 4K or more"},
		`ring = "4K"`:             nil,
		"cpu = 0":                 {"f:1:7: cpu: is the number 0, which says nothing here; accepted: a number, or leave the key out"},
		"cpu = 0.5":               nil,
		`word = ""`:               {`f:1:8: word: is the string "", which says nothing here; accepted: left or right, or leave the key out`},
		"from = []":               {"f:1:8: from: is an empty list, which says nothing here; accepted: a list, each a string, or leave the key out"},
		`grace = "0s"`:            nil,
	} {
		doc, err := Parse("f", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		problems, _ := Decode(doc.Tree, doc.At, new(bounded))
		var got []string
		for _, p := range problems {
			got = append(got, p.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%q\nwant\n%q", text, got, want)
		}
	}
}

// Defaults are there before the text is: what it leaves out has them, in new rows and tables too, and zeros that it has stay.
func TestDefaultsAndZeros(t *testing.T) {
	for text, want := range map[string]func(b *bounded) []any{
		"": func(b *bounded) []any {
			return []any{b.Port, 22, *b.Some, 1, b.Wait, spec.Duration(9e9), b.Poll == nil, true}
		},
		"some = 0\ngrace = \"0s\"":     func(b *bounded) []any { return []any{*b.Some, 0, b.Grace, spec.Duration(0)} },
		"[rows.a]\n[rows.b]\nsize = 0": func(b *bounded) []any { return []any{b.Rows["a"].Size, 3, b.Rows["b"].Size, 0} },
		"[table]":                      func(b *bounded) []any { return []any{b.Table.Size, 3} },
		"[table]\nsize = 0":            func(b *bounded) []any { return []any{b.Table.Size, 0} },
	} {
		doc, err := Parse("f", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var b bounded
		if problems, _ := Decode(doc.Tree, doc.At, &b); len(problems) > 0 {
			t.Errorf("%s: %v", text, problems)
		}
		for pair := range slices.Chunk(want(&b), 2) {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				t.Errorf("%s: %v, want %v", text, pair[0], pair[1])
			}
		}
	}
}

// An address that is empty is none, though the standard library takes it for one that is not there.
func TestEmptyAddresses(t *testing.T) {
	doc, err := Parse("f", []byte("addr = \"\"\nprefix = \"\""))
	if err != nil {
		t.Fatal(err)
	}
	problems, doubts := Decode(doc.Tree, doc.At, new(sample))
	if len(problems) != 2 || !doubts.About("addr") || !doubts.About("prefix") || problems[0].Pos != (problem.Pos{File: "f", Line: 1, Col: 8}) {
		t.Errorf("%v", problems)
	}
}
