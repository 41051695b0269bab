package main

import (
	"os"
	"strings"
	"testing"
)

// The reference is generated; a schema that moved on without it is a defect.
func TestReferenceIsCurrent(t *testing.T) {
	want, err := Markdown("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"profile.md": want, "facts.md": Facts()} {
		got, err := os.ReadFile("../../../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("docs/%s is out of date; run: go generate ./internal/profile/reference", name)
		}
	}
}

// A key without a doc comment would be an empty row.
func TestEveryKeyIsDocumented(t *testing.T) {
	s, err := readSchema("../../..")
	if err != nil {
		t.Fatal(err)
	}
	w := writer{schema: s}
	for name := range s {
		if !w.isStruct(name) || !strings.Contains("profile.Profile spec.Machine", name) {
			continue
		}
		for _, k := range s.keys(name) {
			if k.doc == "" {
				t.Errorf("%s: key %s has no doc comment", name, k.name)
			}
		}
	}
}

// A type's doc comment has no plural.
func TestTablesOfTypes(t *testing.T) {
	s, err := readSchema("../../..")
	if err != nil {
		t.Fatal(err)
	}
	w := writer{schema: s}
	for _, k := range s.keys("profile.Image") {
		if k.name == "modes" {
			want := "table, each value: " + about(s["profile.Mode"])
			if got, _, _ := w.takes(k); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			return
		}
	}
	t.Error("image.modes is gone")
}
