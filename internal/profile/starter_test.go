package profile

import (
	"regexp"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/profiles"
)

// choice is a line that a person makes one of his own by taking its "#" away.
var choice = regexp.MustCompile(`(?m)^#([^ #\n])`)

// started loads the text of a new profile.
func started(t *testing.T, text string) *Profile {
	t.Helper()
	p, problems, err := Load("mine.toml", func(name string, from *File) (File, error) {
		if from == nil {
			return File{Name: name, Dir: "/p", Text: []byte(text)}, nil
		}
		return Find(profiles.FS)(name, from)
	})
	if err != nil || len(problems) > 0 {
		t.Fatalf("%v\n%v\n%s", err, problems, text)
	}
	return p
}

// A new profile is what the one is that it starts from, as it is written and with every choice made; and it has all of that one's comments.
func TestStarter(t *testing.T) {
	for _, from := range Names(profiles.FS) {
		base, _, err := Load(from, Find(profiles.FS))
		if err != nil {
			t.Fatal(err)
		}
		text := Starter("mine", from, base)
		mine := started(t, text)
		base.Name, base.Hostname, base.Extends = mine.Name, mine.Hostname, mine.Extends
		if got, want := mine.TOML(), base.TOML(); got != want {
			t.Errorf("%s: as written it is\n%s\nwant\n%s", from, got, want)
		}
		if n := len(choice.FindAllString(text, -1)); n < 20 {
			t.Errorf("%s: %d choices", from, n)
		}
		if got, want := started(t, choice.ReplaceAllString(text, "$1")).TOML(), base.TOML(); got != want {
			t.Errorf("%s: with all choices it is\n%s\nwant\n%s", from, got, want)
		}
		for line := range strings.Lines(string(base.File().Text)) {
			if strings.HasPrefix(line, "#") && !strings.Contains(text, line) {
				t.Errorf("%s: %q is missing", from, line)
			}
		}
	}
}

// Keys of a box do not go into another one's profile.
func TestStarterHasNoSecrets(t *testing.T) {
	const hash = "$6$abcdefgh$yVfUwsw5T.JApa8POvClA1pQ5peiq97DUNyXCZN5IrF.BMSkiaLQ5kvpuEm/VQ1Tvh/KV2TcaWh8qinoW5dhA1"
	base, _, err := Load("base.toml", finder(map[string]string{"base.toml": sound + "[user.root]\npassword_hash = \"" + hash + "\" # mine\nshell = \"/bin/sh\"\n"}))
	if err != nil {
		t.Fatal(err)
	}
	text := Starter("mine", "base.toml", base)
	if strings.Contains(text, "$6$") || !strings.Contains(text, "\n#password_hash = \"…\"\n#shell = \"/bin/sh\"\n") {
		t.Errorf("%s", text)
	}
}
