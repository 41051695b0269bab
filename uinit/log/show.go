package log

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/shown"
	"github.com/imgbuild/imgbuild/uinit/status"
)

// show is "uinitctl log [-f] [UNIT]".
func show(args []string) int {
	question := strings.Join(append([]string{"log"}, args...), " ")
	if err := status.Follow(status.Socket, question, func(e report.Event) { writeRecord(os.Stdout, e) }); err != nil {
		fmt.Fprintln(os.Stderr, "uinitctl:", err)
		return 1
	}
	return 0
}

// writeRecord prints a record as dmesg(1) does: "[   12.345678] probe: ready".
func writeRecord(w io.Writer, e report.Event) {
	fmt.Fprintf(w, "[%12.6f] %s: %s\n", e.Seconds, shown.Line(e.Name), shown.Line(e.Message))
}
