package plan

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/imgbuild/imgbuild/build/tree"
)

// Every program of an image is on the screen, by what it is for, and nothing else is.
func TestHelpIsOfWhatThereIs(t *testing.T) {
	in := inputs(t)
	in.Areas = []Area{{"files", []string{"ls", "cp"}}, {"text", []string{"vi", "cat"}}, {"disks", []string{"mount"}}}
	made, err := Make(load(t, box), in)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(made.Files, func(f tree.File) bool { return f.Path == helpFile })
	if i < 0 {
		t.Fatal("there is no help")
	}
	_, body, _ := strings.Cut(string(made.Files[i].Body), "\n\n")
	if want := "files      ls\ntext       cat\nmore       nft sh\nEND\n"; body != want {
		t.Errorf("it says\n%s\nwant\n%s", body, want)
	}
	in.Overlays = []Overlay{{Name: "site", Files: []tree.File{overlaid(helpFile)}}}
	if made, err = Make(load(t, box), in); err != nil {
		t.Fatal(err)
	}
	for _, f := range made.Files {
		if f.Path == helpFile && f.From.Store != "overlay" {
			t.Errorf("somebody's own gave way: %+v", f)
		}
	}
}

// However much there is, it is a screen of 80 columns and 24 lines with the prompt, and what has no room is counted.
func TestHelpIsOneScreen(t *testing.T) {
	var files []tree.File
	var areas []Area
	for _, size := range []int{1, 300, 80, 3, 150, 20} {
		a := Area{Name: fmt.Sprintf("area%d", size)}
		for i := range size {
			a.Names = append(a.Names, fmt.Sprintf("command%d-%d", size, i))
			files = append(files, tree.File{Path: "usr/sbin/" + a.Names[i], Mode: 0o755})
		}
		areas = append(areas, a)
	}
	files = append(files, tree.File{Path: "usr/bin/also", Mode: fs.ModeSymlink | 0o777}, tree.File{Path: "usr/bin/text", Mode: 0o644})
	lines := screen(files, areas)
	if len(lines) != screenLines-1 {
		t.Errorf("%d lines below the box's name", len(lines))
	}
	all := strings.Join(lines, "\n")
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > 79 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for _, word := range []string{"area1 ", "area300 ", "command300-0 ", "command3-2", "also"} {
		if !strings.Contains(all, word) {
			t.Errorf("%q is missing:\n%s", word, all)
		}
	}
	if strings.Contains(all, " text") || strings.Count(all, " +") == 0 {
		t.Errorf("what cannot be run is there, or what has no room is not counted:\n%s", all)
	}
}
