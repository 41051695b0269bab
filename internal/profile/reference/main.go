// Command reference writes docs/profile.md and the JSON Schema for editors from the schema, the doc comments and
// tags of the structs that a profile is read into, and docs/facts.md from what features
// declare. "go generate ./..." runs it; a test fails when a file is out of date.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

//go:generate go run . ../../.. ../../../docs

// schemaFile is where the schema for editors lies, for "imgbuild schema" to have it.
const schemaFile = "internal/profile/schema/profile.json"

func main() {
	text, err := Markdown(os.Args[1])
	editors, also := EditorSchema(os.Args[1])
	if err = errors.Join(err, also); err == nil {
		err = errors.Join(
			os.WriteFile(filepath.Join(os.Args[1], schemaFile), editors, 0o644),
			os.WriteFile(filepath.Join(os.Args[2], "profile.md"), []byte(text), 0o644),
			os.WriteFile(filepath.Join(os.Args[2], "facts.md"), []byte(Facts()), 0o644))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}
