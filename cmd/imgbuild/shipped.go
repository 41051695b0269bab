package main

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/imgbuild/imgbuild/profiles"
)

// shippedNames lists the profiles that come with imgbuild.
func shippedNames() string {
	files, _ := fs.Glob(profiles.FS, "*.toml")
	for i := range files {
		files[i] = strings.TrimSuffix(files[i], ".toml")
	}
	return strings.Join(files, ", ")
}

// shippedList is the same with what each is for.
func shippedList() string {
	var b strings.Builder
	files, _ := fs.Glob(profiles.FS, "*.toml")
	for _, f := range files {
		text, _ := fs.ReadFile(profiles.FS, f)
		var head struct{ Summary string }
		_ = toml.Unmarshal(text, &head) // a test proves that shipped profiles parse
		fmt.Fprintf(&b, "  %-16s %s\n", strings.TrimSuffix(f, ".toml"), head.Summary)
	}
	return b.String()
}

func cutTOML(file string) (string, bool) { return strings.CutSuffix(file, ".toml") }
