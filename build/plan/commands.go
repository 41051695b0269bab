package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Command is a name that people type, and the program that answers to it.
type Command struct {
	Name string
	// Program is BusyboxName for ours, AppletName for Debian's busybox.
	Program string
	// Key is where the profile asks for it; empty where a feature does.
	Key string
	// Yields says that it is there by "default" alone, or for whoever finds it by its name: a program of that name out of a package
	// or an overlay takes its place.
	Yields bool
}

// The programs that are many commands; each picks the one that it is called by. The first is compiled from u-root's commands and
// ours, the second is Debian's.
const (
	BusyboxName = "bb"
	AppletName  = "busybox"
)

// called are the commands whose names nothing else takes: those that yield are gone where a program of that name is found on the
// way of spec.SearchPath.
func called(in Inputs) (commands []Command) {
	programs := map[string]bool{}
	note := func(files []tree.File) {
		for _, f := range files {
			if !f.Mode.IsDir() {
				programs["/"+MergedUsr(f.Path)] = true
			}
		}
	}
	note(in.Packages)
	for _, o := range in.Overlays {
		note(o.Files)
	}
	for _, c := range in.Commands {
		if !c.Yields || !OnPath(c.Name, func(at string) bool { return programs[at] }) {
			commands = append(commands, c)
		}
	}
	return commands
}

// OnPath says whether a command of this name is at one of the places where a shell looks, /usr merged.
func OnPath(name string, there func(file string) bool) bool {
	return slices.ContainsFunc(strings.Split(spec.SearchPath, ":"), func(dir string) bool { return there(MergedUsr(path.Join(dir, name))) })
}

func commandFiles(busybox tree.File, commands []Command) []tree.File {
	files := map[string]tree.File{}
	for _, c := range commands {
		why := "command " + c.Name
		if c.Program == AppletName {
			why += ", which Debian's busybox is"
		} else {
			busybox.Path, busybox.Mode, busybox.Why = "usr/bin/"+BusyboxName, 0o755, "u-root commands, one program"
			files[busybox.Path] = busybox
		}
		files["usr/bin/"+c.Name] = symlink("usr/bin/"+c.Name, c.Program, why)
	}
	list := make([]tree.File, 0, len(files))
	for _, f := range files {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b tree.File) int { return strings.Compare(a.Path, b.Path) })
	return list
}
