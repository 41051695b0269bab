// Package ctl is uinitctl's side of the questions: it asks the worker and prints.
package ctl

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/colour"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/shown"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/status"
)

// Follow asks a question and prints each line of the answer as it comes; it returns an exit status. On a terminal, progress is one line.
func Follow(words []string) int {
	_, notty := unix.IoctlGetTermios(1, unix.TCGETS)
	if err := status.Follow(status.Socket, strings.Join(words, " "), func(e report.Event) { writeProgress(os.Stdout, e, notty == nil) }); err != nil {
		fmt.Fprintln(os.Stderr, "\ruinitctl:", err)
		return 1
	}
	return 0
}

// writeProgress prints a line; on a terminal, one that shows progress is overwritten by the next.
func writeProgress(w io.Writer, e report.Event, terminal bool) {
	if !terminal {
		fmt.Fprintln(w, shown.Text(e.Message))
		return
	}
	const clear = "\r\x1b[K"
	if e.State == feature.Progress {
		fmt.Fprint(w, clear+Cut(shown.Line(e.Message)))
		return
	}
	fmt.Fprintln(w, clear+shown.Text(e.Message))
}

// Paint takes --color=WORD, wherever it stands, from the words of a command, and says what to paint with on a file.
func Paint(args []string, f *os.File) (rest []string, p colour.Paint, err error) {
	word := "auto"
	for _, arg := range args {
		if w, ok := strings.CutPrefix(arg, "--color="); ok {
			word = w
			continue
		}
		rest = append(rest, arg)
	}
	p, err = colour.For(word, f)
	return rest, p, err
}

// width is that of the narrowest terminal people sit at.
const width = 80

// Cut shortens a line to the width of a terminal.
func Cut(line string) string {
	if r := []rune(line); len(r) > width {
		return string(r[:width-3]) + "..."
	}
	return line
}
