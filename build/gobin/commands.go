package gobin

import (
	"cmp"
	_ "embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/imgbuild/imgbuild"
)

// Command is a command that a busybox can have.
type Command struct {
	// Name is the file name people call it by.
	Name string
	// Package is the import path of its main package; empty for what Debian's busybox does.
	Package string
	// Doc says in a line what it is for.
	Doc string
	// Aliases are further names that it answers to.
	Aliases []string
	// Default says that it is of the set that serves a shell on a serial line. What brings a large library is left to profiles that
	// want it.
	Default bool
}

// Names are all that it answers to.
func (c Command) Names() []string { return append([]string{c.Name}, c.Aliases...) }

// Applet says that it is not compiled, for Debian's busybox has it.
func (c Command) Applet() bool { return c.Package == "" }

// UnknownCommandError names a command that Commands does not have.
type UnknownCommandError struct{ Name string }

func (e *UnknownCommandError) Error() string {
	return fmt.Sprintf("there is no command %q to compile", e.Name)
}

// commandTable has a line for each command: "*" for the default set, its package below github.com/u-root/u-root/cmds or here, or that
// it is an applet of Debian's busybox, its aliases, what it is for.
//
//go:embed commands.txt
var commandTable string

const (
	uRoot   = "github.com/u-root/u-root/cmds/"
	ownRoot = imgbuild.Module + "/build/gobin/"
)

var commands = sync.OnceValue(func() []Command { list, _ := parseCommands(commandTable); return list })

// Area is what some names of commands are for, those that are wanted most first.
type Area struct {
	Name  string
	Names []string
}

// Areas are those of all commands on offer. A program of another make may have one of the names.
func Areas() []Area {
	_, areas := parseCommands(commandTable)
	return areas
}

// Commands returns every command on offer, sorted by name. Those that are compiled can all be in
// one program.
func Commands() []Command {
	list := slices.Clone(commands())
	for i := range list {
		list[i].Aliases = slices.Clone(list[i].Aliases)
	}
	return list
}

// parseCommands reads commandTable; it is ours, so a mistake in it is a bug. Commands are sorted by name.
func parseCommands(table string) (list []Command, areas []Area) {
	for line := range strings.Lines(table) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if name, ok := strings.CutPrefix(line, "= "); ok {
			areas = append(areas, Area{Name: name})
			continue
		}
		head, doc, ok := strings.Cut(line, " - ")
		if !ok {
			panic(fmt.Sprintf("BUG: commands.txt: no description in %q", line))
		}
		rest, chosen := strings.CutPrefix(head, "*")
		f := strings.Fields(rest)
		pkg := uRoot + f[0]
		switch kind, _, foreign := strings.Cut(f[0], "/"); {
		case kind == "busybox":
			pkg = ""
		case !foreign:
			pkg = ownRoot + f[0]
		}
		list = append(list, Command{
			Name:    path.Base(f[0]),
			Package: pkg,
			Aliases: f[1:],
			Doc:     strings.TrimSpace(doc),
			Default: chosen,
		})
		in := &areas[len(areas)-1]
		in.Names = append(in.Names, list[len(list)-1].Name)
	}
	slices.SortFunc(list, func(a, b Command) int { return cmp.Compare(a.Name, b.Name) })
	return list, areas
}

// resolve finds commands by name or alias, each once, sorted.
func resolve(names []string) ([]Command, error) {
	var list []Command
	for _, name := range names {
		i := slices.IndexFunc(commands(), func(c Command) bool {
			return !c.Applet() && slices.Contains(c.Names(), name)
		})
		if i < 0 {
			return nil, &UnknownCommandError{name}
		}
		list = append(list, commands()[i])
	}
	slices.SortFunc(list, func(a, b Command) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(list, func(a, b Command) bool { return a.Name == b.Name }), nil
}
