package profile

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/profiles"
)

// whole are the profiles among the examples: those that stand in a fence, as something to copy as it is.
var whole = regexp.MustCompile("(?ms)^```toml\n(.*?)^```$")

// A profile that the documentation shows whole is one that "imgbuild check" takes without a word.
func TestWholeProfilesInDocs(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range whole.FindAllStringSubmatchIndex(string(text), -1) {
			dir := t.TempDir()
			file := filepath.Join(dir, "box.toml")
			// Its overlay "mine" is whatever the reader puts there.
			if err := os.Mkdir(filepath.Join(dir, "mine"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, text[found[2]:found[3]], 0o644); err != nil {
				t.Fatal(err)
			}
			line := 1 + strings.Count(string(text[:found[2]]), "\n")
			_, warnings, err := Load(file, Find(profiles.FS))
			if err != nil || len(warnings) > 0 {
				t.Errorf("%s, the profile at line %d: %v %v", filepath.Base(page), line, err, warnings)
			}
			tried++
		}
	}
	if tried < 3 {
		t.Errorf("only %d profiles were found", tried)
	}
}
