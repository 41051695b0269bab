package ctl

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/colour"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/shown"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// WriteStatus prints each unit and says whether all is well. What one says of itself is never cut.
func WriteStatus(w io.Writer, events []report.Event, paint colour.Paint) bool {
	well := true
	for _, e := range events {
		took := ""
		if e.Seconds > 0 {
			took = feature.Took(time.Duration(e.Seconds * float64(time.Second)))
		}
		well = well && e.State != "failed" && e.State != "late" && e.State != "degraded"
		name, state := fmt.Sprintf("%-24s ", shown.Line(e.Name)), fmt.Sprintf("%-8s", shown.Line(e.State))
		text := shown.Hang(name+state+fmt.Sprintf(" %7s  ", took), shown.Line(e.Message), width)
		text = strings.Replace(text, name+state, name+painted(paint, e.State, state), 1)
		fmt.Fprintln(w, strings.TrimRight(text, " "))
	}
	return well
}

// painted is a unit's state as the terminal shows it.
func painted(p colour.Paint, state, text string) string {
	switch state {
	case "ok":
		return p.Good(text)
	case "failed":
		return p.Bad(text)
	case "late", "degraded":
		return p.Late(text)
	case "skipped":
		return p.Faint(text)
	}
	return text
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
