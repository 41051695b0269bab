package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/profiles"
)

// The reference is generated; a schema that moved on without it is a defect.
func TestReferenceIsCurrent(t *testing.T) {
	want, err := Markdown("../../..")
	if err != nil {
		t.Fatal(err)
	}
	editors, err := EditorSchema("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"docs/profile.md": want, "docs/facts.md": Facts(), schemaFile: string(editors)} {
		got, err := os.ReadFile("../../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is out of date; run: go generate ./internal/profile/reference", name)
		}
	}
}

// A key without a doc comment would be an empty row.
func TestEveryKeyIsDocumented(t *testing.T) {
	s, err := readSchema("../../..")
	if err != nil {
		t.Fatal(err)
	}
	w := writer{schema: s, choices: choices()}
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

// What the reference shows of a profile that extends another one is sound, and does what it says.
func TestExampleOfExtending(t *testing.T) {
	_, text, _ := strings.Cut(introduction, "```toml\n")
	text, _, found := strings.Cut(text, "```")
	path := filepath.Join(t.TempDir(), "mine.toml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil || !found {
		t.Fatal(err, found)
	}
	p, problems, err := profile.Load(path, profile.Find(profiles.FS))
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	if got := p.Image.Overlays; !slices.Equal(got, []string{"headless", "nas", "mine"}) {
		t.Errorf("overlays %q", got)
	}
	for _, name := range []string{"network", "address"} {
		if _, there := p.Check[name]; there {
			t.Errorf("check.%s is there", name)
		}
	}
	if _, there := p.Ethernet["lan"]; there || len(p.Check) == 0 {
		t.Errorf("ethernet.lan is there, or no check: %v", p.Check)
	}
}

// A type's doc comment has no plural.
func TestTablesOfTypes(t *testing.T) {
	s, err := readSchema("../../..")
	if err != nil {
		t.Fatal(err)
	}
	w := writer{schema: s, choices: choices()}
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

// Each section begins with an example, and each example is a piece of a profile that check takes.
func TestExamples(t *testing.T) {
	text, err := Markdown("../../..")
	if err != nil {
		t.Fatal(err)
	}
	all := examples()
	for _, title := range regexp.MustCompile("(?m)^## `\\[(.*)\\]`$").FindAllStringSubmatch(text, -1) {
		if all[title[1]] == "" {
			t.Errorf("[%s] has no example", title[1])
		}
	}
	for path, example := range all {
		if !strings.Contains(text, "    "+strings.SplitN(example, "\n", 2)[0]+"\n") {
			t.Errorf("the example of [%s] stands nowhere", path)
		}
		dir := t.TempDir()
		for _, made := range []string{"mine", "keys"} {
			if err := os.Mkdir(filepath.Join(dir, made), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		file := filepath.Join(dir, "box.toml")
		if err := os.WriteFile(file, []byte("extends = \"headless\"\n"+example+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := profile.Load(file, profile.Find(profiles.FS)); err != nil {
			t.Errorf("[%s]: %v", path, err)
		}
	}
}
