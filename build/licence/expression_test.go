package licence

import (
	"strings"
	"testing"
)

// What is said in SPDX's words is taken as it is; other words are a licence of their own.
func TestExpression(t *testing.T) {
	for text, want := range map[string]string{
		"": None, " \n": None, "MIT": "MIT", " Apache-2.0  OR\nMIT ": "Apache-2.0 OR MIT", "GPL-2.0-only WITH Linux-syscall-note": "GPL-2.0-only WITH Linux-syscall-note",
	} {
		if n := Expression("app", text); n.Licence != want || n.Texts != nil {
			t.Errorf("%q: %+v", text, n)
		}
	}
	for _, text := range []string{"as you like", "MIT AND", "LicenseRef-x", "(MIT", strings.Repeat("(", 100_000) + "MIT", "MIT AND nothing"} {
		n := Expression("app", text)
		if !strings.HasPrefix(n.Licence, "LicenseRef-app-") || len(n.Texts) != 1 || n.Texts[0].Text != text {
			t.Errorf("%.50q: %.200q", text, n.Licence)
		}
	}
}

// Parts hold together, each licence once, and keep their files apart.
func TestJoined(t *testing.T) {
	n := Joined(map[string]Notice{
		"b": {Licence: "MIT AND Zlib", Files: []File{{"copyright", []byte("b")}}, Copyright: "Ann\nBob"},
		"a": {Licence: "(Apache-2.0 OR MIT)", Files: []File{{"copyright", []byte("a")}}, Copyright: "Bob"}, "c": {Licence: None}, "d": {Licence: "MIT"},
	})
	if n.Licence != "(Apache-2.0 OR MIT) AND MIT AND Zlib" || n.Copyright != "Bob\nAnn" || len(n.Files) != 2 || n.Files[0].Name != "a/copyright" || n.Files[1].Name != "b/copyright" {
		t.Errorf("%+v", n)
	}
}
