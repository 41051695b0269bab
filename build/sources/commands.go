package sources

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/suggest"

	"github.com/imgbuild/imgbuild/build/gobin"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// defaultCommands is the word for gobin's default set in image.commands.
const defaultCommands = "default"

// Commands lists the commands of an image, those that features start among them, "default" replaced by what it stands for.
// Names are all that the commands answer to, their aliases included.
func Commands(p *profile.Profile) (commands, names []string) {
	for _, f := range features.All() {
		if f.Commands != nil {
			commands = append(commands, f.Commands(&p.Machine)...)
		}
	}
	for _, c := range p.Image.Commands {
		if c == defaultCommands {
			commands = append(commands, gobin.DefaultCommands()...)
		} else {
			commands = append(commands, c)
		}
	}
	for _, c := range gobin.Commands() {
		if slices.Contains(commands, c.Name) || slices.ContainsFunc(c.Aliases, func(a string) bool { return slices.Contains(commands, a) }) {
			names = append(append(names, c.Name), c.Aliases...)
		}
	}
	return commands, names
}

// checkCommands finds commands that do not exist.
func checkCommands(p *profile.Profile) profile.Problems {
	known := []string{defaultCommands}
	for _, c := range gobin.Commands() {
		known = append(append(known, c.Name), c.Aliases...)
	}
	var problems profile.Problems
	for i, c := range p.Image.Commands {
		if !slices.Contains(known, c) {
			key := fmt.Sprintf("image.commands[%d]", i)
			problems = append(problems, profile.Problem{Pos: p.At(key), Key: key, Msg: fmt.Sprintf("there is no command %q%s; accepted: %s",
				c, suggest.DidYouMean(c, known), strings.Join(known, " "))})
		}
	}
	return problems
}
