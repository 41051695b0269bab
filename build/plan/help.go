package plan

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/tree"
)

// Area is what programs of some names are for, those that are wanted most first.
type Area struct {
	Name  string
	Names []string
}

// A screen of 80 columns and 24 lines, of which the prompt takes one.
const (
	screenWidth = 79
	screenLines = 23
	titleWidth  = 11
)

// helpFile is what people type who do not know the box. It prints what lies below, so it costs no program.
const helpFile = "usr/bin/help"

// offerHelp adds "help": one screen of the programs that are in the image, by what they are for. Nothing prints it where the image has no
// commands, and a file of that name is somebody's own.
func (l *layers) offerHelp(areas []Area) {
	_, cat := l.tree.Lookup("usr/bin/cat")
	_, sh := l.tree.Lookup("usr/bin/sh")
	if _, there := l.tree.Lookup(helpFile); there || !cat || !sh {
		return
	}
	lines := strings.Join(screen(l.tree.Files(), areas), "\n")
	l.add("commands", text(helpFile, 0o755, helpHead+lines+"\nEND\n", "what there is on this box"))
}

// helpHead asks the image for its name, so that what lies below /usr does not change with it.
const helpHead = `#!/bin/sh
. /etc/os-release
echo "$IMAGE_ID${VARIANT:+: $VARIANT}"
cat <<'END'
`

// screen is what "help" shows below the box's name.
func screen(files []tree.File, areas []Area) []string {
	head := []string{
		"  uinitctl          what came up, what failed; \"uinitctl help\" has its words",
		"  poweroff, reboot  end the run; what is not on a disk is gone",
		"",
	}
	return append(head, columns(byArea(files, areas), screenLines-1-len(head))...)
}

// byArea sorts the image's programs into areas; what has none comes last.
func byArea(files []tree.File, areas []Area) []Area {
	programs := map[string]bool{}
	for _, f := range files {
		dir, name := path.Split(f.Path)
		if (dir == "usr/bin/" || dir == "usr/sbin/") && !f.Mode.IsDir() && f.Mode&0o111 != 0 {
			programs[name] = true
		}
	}
	for _, name := range []string{BusyboxName, AppletName} {
		delete(programs, name)
	}
	for _, name := range uinitNames {
		delete(programs, path.Base(name))
	}
	var found []Area
	for _, a := range areas {
		there := Area{Name: a.Name}
		for _, name := range a.Names {
			if programs[name] {
				there.Names = append(there.Names, name)
			}
			delete(programs, name)
		}
		found = append(found, there)
	}
	rest := Area{Name: "more"}
	for name := range programs {
		rest.Names = append(rest.Names, name)
	}
	slices.Sort(rest.Names)
	found = append(found, rest)
	return slices.DeleteFunc(found, func(a Area) bool { return len(a.Names) == 0 })
}

// columns writes areas on at most so many lines: the longest gets fewer until there is room, and says how many names that cost.
func columns(areas []Area, most int) (lines []string) {
	wrapped := make([][]string, len(areas))
	total := 0
	for i, a := range areas {
		wrapped[i] = wrap(a.Names, len(a.Names))
		total += len(wrapped[i])
	}
	shown := make([]int, len(areas))
	for i, a := range areas {
		shown[i] = len(a.Names)
	}
	for total > most {
		longest := 0
		for i := range wrapped {
			if len(wrapped[i]) > len(wrapped[longest]) {
				longest = i
			}
		}
		before := len(wrapped[longest])
		if before == 1 {
			break
		}
		for len(wrapped[longest]) == before {
			shown[longest]--
			wrapped[longest] = wrap(areas[longest].Names, shown[longest])
		}
		total--
	}
	for i, a := range areas {
		title := a.Name
		for _, line := range wrapped[i] {
			lines = append(lines, fmt.Sprintf("%-*s%s", titleWidth, title, line))
			title = ""
		}
	}
	return lines
}

// wrap writes the first names on lines, and how many more there are.
func wrap(names []string, shown int) []string {
	words := slices.Clone(names[:shown])
	if more := len(names) - shown; more > 0 {
		words = append(words, fmt.Sprintf("+%d", more))
	}
	lines := []string{""}
	for _, w := range words {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = w
		case titleWidth+len(*last)+1+len(w) > screenWidth:
			lines = append(lines, w)
		default:
			*last += " " + w
		}
	}
	return lines
}
