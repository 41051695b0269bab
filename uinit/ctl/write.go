package ctl

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/shown"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// WriteStatus prints a line for each unit and says whether all is well.
func WriteStatus(w io.Writer, events []report.Event) bool {
	well := true
	for _, e := range events {
		took := ""
		if e.Seconds > 0 {
			took = feature.Took(time.Duration(e.Seconds * float64(time.Second)))
		}
		line := fmt.Sprintf("%-24s %-8s %7s", e.Name, e.State, took)
		if e.Message != "" {
			line += "  " + e.Message
		}
		well = well && e.State != "failed" && e.State != "late" && e.State != "degraded"
		fmt.Fprintln(w, Cut(shown.Line(line)))
	}
	return well
}

// WriteFacts prints NAME VALUE lines, values as JSON unless they are text.
func WriteFacts(w io.Writer, events []report.Event) {
	for _, e := range events {
		value, ok := e.Value.(string)
		if !ok {
			b, err := json.Marshal(e.Value)
			if err != nil {
				continue
			}
			value = string(b)
		}
		fmt.Fprintf(w, "%-30s %s\n", shown.Line(e.Name), shown.Line(value))
	}
}
