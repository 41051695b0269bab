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
	// Package is the import path of its main package.
	Package string
	// Doc says in a line what it is for.
	Doc string
	// Aliases are further names that it answers to.
	Aliases []string
	// Default says that DefaultCommands has it.
	Default bool
}

// UnknownCommandError names a command that Commands does not have.
type UnknownCommandError struct{ Name string }

func (e *UnknownCommandError) Error() string {
	return fmt.Sprintf("there is no command %q for the busybox", e.Name)
}

// commandTable has a line for each command: "*" for the default set, its
// package below github.com/u-root/u-root/cmds or here, its aliases, what it is for.
//
//go:embed commands.txt
var commandTable string

const (
	uRoot   = "github.com/u-root/u-root/cmds/"
	ownRoot = imgbuild.Module + "/build/gobin/"
)

var commands = sync.OnceValue(func() []Command { return parseCommands(commandTable) })

// Commands returns every command on offer, sorted by name. They can all be in
// one busybox.
func Commands() []Command {
	list := slices.Clone(commands())
	for i := range list {
		list[i].Aliases = slices.Clone(list[i].Aliases)
	}
	return list
}

// DefaultCommands returns the names of a set that serves a rescue shell. What
// brings a large library is left to profiles that want it: wget, netcat (TLS),
// ssh, sshd, tcpdump, kexec, pci (a database of names).
func DefaultCommands() []string {
	var names []string
	for _, c := range commands() {
		if c.Default {
			names = append(names, c.Name)
		}
	}
	return names
}

// parseCommands reads commandTable; it is ours, so a mistake in it is a bug.
func parseCommands(table string) []Command {
	var list []Command
	for line := range strings.Lines(table) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		head, doc, ok := strings.Cut(line, " - ")
		if !ok {
			panic(fmt.Sprintf("BUG: commands.txt: no description in %q", line))
		}
		rest, chosen := strings.CutPrefix(head, "*")
		f := strings.Fields(rest)
		root := uRoot
		if !strings.Contains(f[0], "/") {
			root = ownRoot
		}
		list = append(list, Command{
			Name:    path.Base(f[0]),
			Package: root + f[0],
			Aliases: f[1:],
			Doc:     strings.TrimSpace(doc),
			Default: chosen,
		})
	}
	slices.SortFunc(list, func(a, b Command) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// resolve finds commands by name or alias, each once, sorted.
func resolve(names []string) ([]Command, error) {
	var list []Command
	for _, name := range names {
		i := slices.IndexFunc(commands(), func(c Command) bool {
			return c.Name == name || slices.Contains(c.Aliases, name)
		})
		if i < 0 {
			return nil, &UnknownCommandError{name}
		}
		list = append(list, commands()[i])
	}
	slices.SortFunc(list, func(a, b Command) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(list, func(a, b Command) bool { return a.Name == b.Name }), nil
}
