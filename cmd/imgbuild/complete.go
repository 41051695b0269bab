package main

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/profiles"
)

// completeProfile offers shipped profiles and those of this directory; else files that can be one.
func completeProfile(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if known := knownProfiles(word); len(known) > 0 {
		return known, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"toml"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeImage offers the same, or else any file, as often as a verb takes one.
func completeImage(most int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		if word == "" { // a shell offers no files beside words, and images are what is meant most
			return nil, cobra.ShellCompDirectiveDefault
		}
		return knownProfiles(word), cobra.ShellCompDirectiveDefault
	}
}

// knownProfiles begin with a word.
func knownProfiles(word string) []string {
	all := profile.Names(profiles.FS)
	here, _ := filepath.Glob("*.toml") // fails for a bad pattern only
	for _, f := range here {
		all = append(all, "./"+f)
	}
	var known []string
	for _, name := range all {
		if strings.HasPrefix(name, word) {
			known = append(known, name)
		}
	}
	return known
}
