package ctl

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/feature"
)

// Words are those of uinitctl that no feature answers.
var Words = []feature.Word{
	{Use: "[status]", Does: "what came up, what failed, what is waited for"},
	{Use: "facts", Does: "what uinit found out about this machine"},
	{Use: "blame", Does: "where the boot's time went"},
}

// Helped prints what uinitctl understands, where that is what is asked for: all of it, or what begins with a verb.
func Helped(w io.Writer, words []feature.Word, args []string) bool {
	wanted := slices.ContainsFunc(own(words, args), func(arg string) bool { return arg == "--help" || arg == "-h" })
	verb := ""
	switch {
	case args[0] == "help" && len(args) > 1:
		verb = args[1]
	case wanted && !strings.HasPrefix(args[0], "-"):
		verb = args[0]
	case !wanted && args[0] != "help":
		return false
	}
	about := slices.DeleteFunc(slices.Clone(words), func(word feature.Word) bool { return strings.Trim(word.Verb(), "[]") != verb })
	if len(about) == 0 {
		fmt.Fprintln(w, "uinitctl asks the init, or has it do something:")
		about = words
	}
	feature.WriteWords(w, about)
	return true
}

// own are those of the arguments that are uinitctl's: what a row has as [WORDS] is another program's.
func own(words []feature.Word, args []string) []string {
	for _, word := range words {
		use := strings.Fields(word.Use)
		at := slices.Index(use, "[WORDS]")
		if at < 0 || at >= len(args) {
			continue
		}
		same := true
		for i, text := range use[:at] {
			same = same && (text == args[i] || text == strings.ToUpper(text)) // a NAME is any
		}
		if same {
			return args[:at]
		}
	}
	return args
}
