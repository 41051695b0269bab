// Command reference writes docs/profile.md from the schema: the doc comments and
// tags of the structs that a profile is read into. "go generate ./..." runs it; a
// test fails when the file is out of date.
package main

import (
	"fmt"
	"os"
)

//go:generate go run . ../../.. ../../../docs/profile.md

func main() {
	text, err := Markdown(os.Args[1])
	if err == nil {
		err = os.WriteFile(os.Args[2], []byte(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}
