package main

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/profiles"
)

// shippedNames lists the profiles that come with imgbuild.
func shippedNames() string {
	return strings.Join(profile.Names(profiles.FS), ", ")
}

// shippedList is the same with what each is for.
func shippedList() string {
	var b strings.Builder
	for _, name := range profile.Names(profiles.FS) {
		text, _ := fs.ReadFile(profiles.FS, name+".toml")
		var head struct{ Summary string }
		_ = toml.Unmarshal(text, &head) // a test proves that shipped profiles parse
		fmt.Fprintf(&b, "  %-16s %s\n", name, head.Summary)
	}
	return b.String()
}
