package main

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// options is a command line of sh.
type options struct {
	// set is in the form of the set builtin: options, "--", parameters.
	set                []string
	login, interactive bool
	command            *string
	// name is $0 of a command; file the script to run, empty for standard input.
	name, file string
}

// parseOptions reads a command line (POSIX.1-2024, utility sh). Which letters of
// set exist is for set to say.
func parseOptions(args []string) (options, error) {
	opts := options{name: "sh"}
	if len(args) == 0 {
		return opts, nil
	}
	opts.name = path.Base(args[0])
	opts.login = strings.HasPrefix(opts.name, "-")
	opts.name = strings.TrimPrefix(opts.name, "-")
	args = args[1:]

	var wantCommand, wantStdin bool
	for len(args) > 0 && len(args[0]) > 1 && strings.ContainsRune("-+", rune(args[0][0])) {
		word := args[0]
		args = args[1:]
		if word == "--" {
			break
		}
		if strings.HasPrefix(word, "--") {
			return opts, fmt.Errorf("there is no option %q", word)
		}
		for _, letter := range word[1:] {
			switch letter {
			case 'c':
				wantCommand = true
			case 's':
				wantStdin = true
			case 'i':
				opts.interactive = true
			case 'l':
				opts.login = true
			case 'o':
				if len(args) == 0 {
					return opts, fmt.Errorf("option %so needs a name, such as pipefail", word[:1])
				}
				opts.set = append(opts.set, word[:1]+"o", args[0])
				args = args[1:]
			default:
				opts.set = append(opts.set, word[:1]+string(letter))
			}
		}
	}
	if len(args) > 0 && args[0] == "-" && !wantCommand {
		args = args[1:]
	}
	switch {
	case wantCommand:
		if len(args) == 0 {
			return opts, errors.New("option -c needs a command")
		}
		opts.command, args = &args[0], args[1:]
		if len(args) > 0 {
			opts.name, args = args[0], args[1:]
		}
	case !wantStdin && len(args) > 0:
		opts.file, args = args[0], args[1:]
	}
	opts.set = append(append(opts.set, "--"), args...)
	return opts, nil
}
