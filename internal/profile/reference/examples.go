package main

import (
	_ "embed"
	"strings"
)

//go:embed examples.txt
var exampleText string

// examples begin the sections, by the table's path. Each is taken by "imgbuild check" in a profile that extends headless; a test
// tries them, and another finds tables without one.
func examples() map[string]string {
	all := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimPrefix(exampleText, "== "), "\n== ") {
		path, text, _ := strings.Cut(part, "\n")
		all[path] = strings.TrimSpace(text)
	}
	return all
}
