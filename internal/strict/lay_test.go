package strict

import (
	"reflect"
	"slices"
	"testing"
)

type layer struct {
	Name  string           `json:"name" lay:"yes"`
	Note  string           `json:"note,omitempty"`
	Pages []string         `json:"pages,omitempty" lay:"yes"`
	Under *under           `json:"under,omitempty" lay:"yes"`
	Rows  map[string]under `json:"rows,omitempty" lay:"yes"`
}

type under struct {
	Size  int    `json:"size" lay:"yes" default:"7"`
	Label string `json:"label,omitempty" lay:"yes"`
	Fixed string `json:"fixed,omitempty"`
}

func marked(t reflect.Type) []reflect.StructField {
	return slices.DeleteFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool { return f.Tag.Get("lay") == "" })
}

// What is laid over a value changes what it names and nothing else, and not what others see of the value as it was.
func TestLay(t *testing.T) {
	make := func() layer {
		return layer{"a", "kept", []string{"1", "2"}, &under{1, "one", "fixed"}, map[string]under{"old": {2, "two", "fixed"}, "other": {3, "", ""}}}
	}
	was := make()
	now := was
	doc, err := Parse("f", []byte("pages = []\nunder.label = \"uno\"\n[rows.old]\nsize = 0\n[rows.new]\nlabel = \"new\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if problems, _ := Lay(doc.Tree, doc.At, &now, marked); problems != nil {
		t.Fatal(problems)
	}
	want := layer{"a", "kept", []string{}, &under{1, "uno", "fixed"}, map[string]under{"old": {0, "two", "fixed"}, "other": {3, "", ""}, "new": {7, "new", ""}}}
	if !reflect.DeepEqual(now, want) {
		t.Errorf("it became %+v, %+v; want %+v", now, now.Under, want)
	}
	if !reflect.DeepEqual(was, make()) {
		t.Errorf("what others see became %+v, %+v", was, was.Under)
	}

	doc, err = Parse("f", []byte("note = \"x\"\n[rows.old]\nfixd = \"y\"\nsize = \"8\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	problems, doubts := Lay(doc.Tree, doc.At, &now, marked)
	for _, p := range problems.Sort() {
		lines = append(lines, p.String())
	}
	if want := []string{
		"f:1:1: note: unknown key; accepted here: name, pages, under, rows",
		"f:3:1: rows.old.fixd: unknown key; accepted here: size, label",
		`f:4:8: rows.old.size: is the string "8"; accepted: a whole number`,
	}; !slices.Equal(lines, want) || !doubts.About("rows.old.size") {
		t.Errorf("problems:\n%q\nwant\n%q", lines, want)
	}
}
