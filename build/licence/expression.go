package licence

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/github/go-spdx/v2/spdxexp"
)

// longest bounds what is read as an expression, in bytes; in parentheses a longer one would keep the parser busy.
const longest = 1000

// Expression is what somebody says in SPDX's words; in others, of which there is no telling what they mean, it is a licence of
// its own, with these words for its text. name is the name of what it is said of.
func Expression(name, text string) Notice {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return Notice{Licence: None}
	}
	if len(text) <= longest {
		if ok, _ := spdxexp.ValidateLicenses([]string{text}); ok && !strings.Contains(text, "LicenseRef-") {
			return Notice{Licence: text}
		}
	}
	var t terms
	t.add(t.addText(ref(name, text)))
	return t.notice()
}

// Joined is what the notices of several parts say together; a file of each has the part's name before its own.
func Joined(parts map[string]Notice) Notice {
	var t terms
	var owners []string
	var files []File
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		n := parts[name]
		if n.Licence != None {
			t.add(conjuncts(n.Licence)...)
		}
		t.texts = append(t.texts, n.Texts...)
		for _, f := range n.Files {
			f.Name = path.Join(name, f.Name)
			files = append(files, f)
		}
		for line := range strings.Lines(n.Copyright) {
			if line = strings.TrimSpace(line); !slices.Contains(owners, line) {
				owners = append(owners, line)
			}
		}
	}
	n := t.notice()
	n.Files, n.Copyright = files, strings.Join(owners, "\n")
	return n
}
