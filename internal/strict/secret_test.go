package strict

import (
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/problem"
)

type token string

func (token) Secret() {}

// What a key that holds a secret was given by mistake is in no message: logs and CI keep those.
func TestSecretsAreNotShown(t *testing.T) {
	const secret = "hunter2hunter2"
	var into struct {
		Hash  token    `json:"password_hash,omitempty"`
		Files []string `json:"key_files,omitempty" secret:"file"`
		Rows  map[string]struct {
			Hash *token `json:"hash"`
		} `json:"rows,omitempty"`
		Plain string `json:"plain,omitempty"`
	}
	for name, c := range map[string]struct {
		text string
		show bool
	}{
		"a list for a word":       {"password_hash = [\"" + secret + "\"]\n", false},
		"a word for a list":       {"key_files = \"" + secret + "\"\n", false},
		"a number":                {"key_files = 0x7ab12\n", false},
		"a word for a table":      {"rows = \"" + secret + "\"\n", false},
		"a word for a row":        {"[rows]\nann = \"" + secret + "\"\n", false},
		"no quotes":               {"password_hash = " + secret + "\n", false},
		"a number out of range":   {"password_hash = 0x8846F7EAEE8FB117AD06BDD830B7586C\n", false},
		"no quotes, and no harm":  {"plain = " + secret + "\n", true},
		"a word for an unknown":   {"[plain]\n" + secret + " = \"\"\n", false},
		"a key that is no secret": {"plain = 0x8846F7EAEE8FB117AD06BDD830B7586C\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			problems := problem.Problems(nil)
			doc, err := Parse("p.toml", []byte(c.text))
			if err == nil {
				problems, _ = Decode(doc.Tree, doc.At, &into)
			} else {
				problems = err.(problem.Problems)
			}
			if len(problems) != 1 {
				t.Fatalf("%v", problems)
			}
			got := problems[0].String()
			shown := false
			for _, part := range []string{"hunter", "8846F7", "7ab12", "502546"} {
				shown = shown || strings.Contains(got, part)
			}
			if shown != c.show {
				t.Errorf("the message is %s", got)
			}
		})
	}
}
